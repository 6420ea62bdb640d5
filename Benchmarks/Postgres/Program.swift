import Foundation
import PluginAPI

/// PostgreSQL's own programs.
enum Program {
    /// What a program says on standard output.
    static func output(_ name: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ModuleError.unavailable(reason: "\(name) ended with \(process.terminationStatus): \(text)")
        }
        return text
    }
}

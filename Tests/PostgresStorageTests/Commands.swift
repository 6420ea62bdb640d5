import Foundation

/// A program that did not do what it was asked.
struct ProgramFailed: Error {
    let what: String
}

/// Runs a program and answers what it prints.
@discardableResult
func output(of program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let printed = Pipe()
    process.standardOutput = printed
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = printed.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ProgramFailed(what: "\(program) \(arguments)") }
    return String(decoding: text, as: UTF8.self)
}

/// Ends the plain server as a power cut would, and starts it again.
///
/// By the shell: `Process` waits for as long as anything lives that has inherited its sockets, and the server has.
func crashServer() throws {
    let folder = try TestDatabase.setting("CONCORD_TEST_POSTGRES_FOLDER")
    guard system("'\(serverScript)' crash '\(folder)' </dev/null >/dev/null 2>&1") == 0 else {
        throw ProgramFailed(what: "\(serverScript) crash \(folder)")
    }
}

/// The script beside the sources that starts the test servers.
let serverScript = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("scripts/servers/postgres").path

import Foundation
import Testing

@testable import Host

@Suite("The package of a new dynamic module")
struct DynamicScaffoldTests {
    private static let example = URL(fileURLWithPath: #filePath)
        .appendingPathComponent("../../../../Examples/Turnover").standardizedFileURL
    private let scaffold: DynamicScaffold

    init() throws {
        scaffold = DynamicScaffold(module: try ModuleName("Turnover"), api: "../../Sources/PluginAPI")
    }

    /// `CONCORD_WRITE_READMES=1` writes it anew.
    @Test("is the one under Examples, file for file")
    func example() throws {
        for (path, text) in scaffold.files {
            let file = Self.example.appendingPathComponent(path)
            if ProcessInfo.processInfo.environment["CONCORD_WRITE_READMES"] != nil {
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            #expect(try String(contentsOf: file, encoding: .utf8) == text, "\(path)")
        }
    }

    @Test("has a service of 35 lines at most, none longer than 120 columns")
    func size() throws {
        let module = try #require(scaffold.files.first { $0.path.hasSuffix("TurnoverModule.swift") })
        let lines = module.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(lines.count <= 35)
        #expect(lines.allSatisfy { $0.count <= 120 })
    }
}

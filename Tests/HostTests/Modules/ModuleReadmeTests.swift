import BuiltIn
import Foundation
import PluginAPI
import Testing

@testable import Host

@Suite("READMEs of modules")
struct ModuleReadmeTests {
    /// `CONCORD_WRITE_READMES=1` writes the tables instead of comparing them.
    @Test("Each has the module's settings as a table, as the module declares them", arguments: modules)
    func table(_ module: Entry) throws {
        let readme = try #require(try Self.readme(of: module), "no folder has \(module.type).swift")
        let text = try String(contentsOf: readme, encoding: .utf8)

        let fresh = try #require(
            ModuleTable(keys: module.keys).inserted(into: text),
            "\(readme.path) lacks the lines \(ModuleTable.begin) and \(ModuleTable.end)")
        if ProcessInfo.processInfo.environment["CONCORD_WRITE_READMES"] == "1" {
            try fresh.write(to: readme, atomically: true, encoding: .utf8)
        } else {
            #expect(text == fresh, "run: CONCORD_WRITE_READMES=1 swift test --filter ModuleReadmeTests")
        }
    }

    struct Entry: Sendable, CustomTestStringConvertible {
        var type: String
        var keys: [ConfigurationKey]
        var testDescription: String { type }
    }

    private static let modules = BuiltInModules.all.map { module in
        Entry(type: String(describing: module), keys: module.configuration.keys)
    }

    /// The README beside the file that is named after the module's type.
    private static func readme(of module: Entry) throws -> URL? {
        let plugins = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/Plugins")
        let folders = try FileManager.default.contentsOfDirectory(at: plugins, includingPropertiesForKeys: nil)
        return folders.first { folder in
            FileManager.default.fileExists(atPath: folder.appendingPathComponent("\(module.type).swift").path)
        }?.appendingPathComponent("README.md")
    }
}

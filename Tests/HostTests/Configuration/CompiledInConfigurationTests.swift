import Foundation
import PluginAPI
import Testing

@testable import Host

@Suite("The configuration of the program as it is built")
struct CompiledInConfigurationTests {
    @Test("The shipped file has no mistake and is what the program does without one")
    func shipped() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appending(path: "config/concord.yaml").path
        let source = ConfigurationSource(name: path, bytes: try TextFile.bytes(of: path, max: 1 << 20))

        let report = ConfigurationLoader(catalog: .compiledIn).load(source)

        #expect(report.mistakes.isEmpty, "\(report.text)")
        #expect(report.configuration == load("", catalog: .compiledIn).configuration)
    }

    @Test("The contract's example has no mistake, and is the default too")
    func contract() {
        let report = load(contractExample, catalog: .compiledIn)

        #expect(report.mistakes.isEmpty, "\(report.text)")
        #expect(report.configuration == load("", catalog: .compiledIn).configuration)
    }

    @Test("The sample has no mistake, and is the default too")
    func sample() {
        let report = load(ConfigurationSample.text(HostSpec(.compiledIn)), catalog: .compiledIn)

        #expect(report.mistakes.isEmpty, "\(report.text)")
        #expect(report.configuration == load("", catalog: .compiledIn).configuration)
    }

    @Test("Every default is a value of its own kind")
    func defaults() {
        #expect(load("", catalog: .compiledIn).mistakes.isEmpty)
    }
}

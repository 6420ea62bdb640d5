import PluginAPI
import Reconciliation
import Testing
import TradingBook

@testable import Host

@Suite("A policy file")
struct PolicyFileTests {
    @Test("Says what counts as equal and which instruments are known; what it leaves out keeps its default")
    func read() throws {
        let file = try read(
            """
            pairing: { window: 60s }
            tolerance: { volume: 50 bps, entry_price: 3 ticks }
            instruments:
              GER40: { digits: 1, pip: 1, multiplier: 25, quote_currency: EUR, aliases: [DE40.cash] }
            """)

        #expect(file.policy.pairingWindow == .seconds(60))
        #expect(file.policy.volume == .basisPoints("50") && file.policy.entryPrice == .ticks("3"))
        #expect(file.policy.stopLoss == MatchPolicy().stopLoss && file.policy.candidatesMax == 64)
        #expect(file.instruments.canonical("de40.CASH") == "GER40")
        #expect(file.instruments.known("GER40")?.multiplier == "25")
    }

    @Test("An empty one is the contract's defaults")
    func empty() throws {
        #expect(try read("").policy == MatchPolicy())
    }

    @Test("Every mistake is named at once with its place, and what is none of a policy is one")
    func mistakes() {
        let complaint = #expect(throws: FileComplaint.self) {
            try read(
                """
                tolerance: { volume: 5 pips, entry_prise: exact }
                grace: 10s
                pairing: { candidates: 0 }
                """)
        }

        let places = (complaint?.lines ?? []).filter { $0.hasPrefix("policy.yaml:") }.map { $0.prefix(17) }
        #expect(places == ["policy.yaml:1:22:", "policy.yaml:1:30:", "policy.yaml:2:1: ", "policy.yaml:3:24:"])
    }

    @Test("An instrument that cannot be one is refused where it stands")
    func badInstrument() {
        let complaint = #expect(throws: FileComplaint.self) {
            try read("instruments:\n  GER40: { digits: 1, pip: 1, multiplier: 25, quote_currency: EURO }\n")
        }

        #expect(
            complaint?.lines.first?.hasPrefix("policy.yaml:2:63: error: `instruments.GER40.quote_currency`") == true)
    }

    private func read(_ text: String) throws(FileComplaint) -> PolicyFile {
        try PolicyFile.read(ConfigurationSource(name: "policy.yaml", text: text))
    }
}

import PluginAPI
import Testing

@testable import Host

@Suite("No text is too broken to be refused in good order")
struct BrokenConfigurationTests {
    @Test(
        "Whatever happens to the contract's example, it is read or refused, with places inside the file",
        arguments: 0..<40)
    func mutations(_ seed: UInt64) {
        var random = Dice(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        var bytes = Array(contractExampleWithServers.utf8)
        for _ in 0..<8 {
            Self.damage(&bytes, &random)
            let source = ConfigurationSource(name: "c.yaml", bytes: bytes)

            let report = ConfigurationLoader(catalog: .large).load(source)

            #expect(report.configuration != nil || !report.errors.isEmpty)
            #expect(report.text.isEmpty == report.mistakes.isEmpty)
            for position in report.mistakes.compactMap(\.origin.position) {
                #expect((1...source.lines.count).contains(position.line))
                #expect(position.column >= 1)
            }
        }
    }

    @Test(
        "Odd bytes are refused by place",
        arguments: [
            ([0xFF], "1:1"), (Array("server:\n  \u{E9}".utf8.dropLast()), "2:3"), (Array("a: \0".utf8), "1:4"),
            ([0xC0, 0x80], "1:1"), ([0xED, 0xA0, 0x80], "1:1"),
        ] as [([UInt8], String)])
    func oddBytes(_ bytes: [UInt8], place: String) {
        let report = ConfigurationLoader(catalog: .fixture).load(ConfigurationSource(name: "c.yaml", bytes: bytes))

        #expect(report.text.hasPrefix("c.yaml:\(place): error: "), "\(report.text)")
    }

    @Test("A byte order mark and line ends of any kind are no mistake", arguments: ["\r\n", "\r", "\n"])
    func lineEnds(_ end: String) {
        let good = load("\u{FEFF}server:\(end)  port: 9000\(end)")
        let bad = load("server:\(end)  prot: 9000\(end)")

        #expect(good.configuration?.server.port == 9000, "\(good.text)")
        #expect(bad.text.hasPrefix("c.yaml:2:3: error: unknown key `prot`"), "\(bad.text)")
    }

    private static func damage(_ bytes: inout [UInt8], _ random: inout Dice) {
        guard !bytes.isEmpty else { return }
        let at = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 5 {
        case 0: bytes.remove(at: at)
        case 1: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 2: bytes.insert(contentsOf: Dice.sharp[Int(random.next() % UInt64(Dice.sharp.count))].utf8, at: at)
        case 3: bytes.swapAt(at, Int(random.next() % UInt64(bytes.count)))
        default: bytes.removeLast(Int(random.next() % UInt64(min(bytes.count, 40))))
        }
    }
}

/// Numbers that look random and are the same in every run.
private struct Dice {
    var state: UInt64

    /// What most often breaks a YAML file.
    static let sharp = [
        ":", "- ", "\t", "\n", "\"", "'", "{", "}", "[", "]", "*a", "&a ", "${", "!!x ", "#", "%", "|\n", ">\n", "? ",
        "---\n",
        "9999999999999999999", "\u{2028}", "\u{202E}",
    ]

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

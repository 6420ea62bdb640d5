import PluginAPI

/// An address to listen on, as the configuration writes it.
struct HostAddress: Sendable, Equatable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    /// Only this machine reaches it.
    var isLoopback: Bool {
        text.lowercased() == "localhost" || text == "::1" || ipv4?.first == 127
    }

    /// It stands for every address of the machine.
    var isWildcard: Bool { ["0.0.0.0", "::"].contains(text) }

    /// Whether listening on both at one port would fail.
    func overlaps(_ other: HostAddress) -> Bool {
        isWildcard || other.isWildcard || text.lowercased() == other.text.lowercased()
            || (canBeDefaultLoopback && other.canBeDefaultLoopback)
    }

    private var canBeDefaultLoopback: Bool { ["localhost", "127.0.0.1", "::1"].contains(text.lowercased()) }

    private var ipv4: [Int]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            (1...3).contains(part.utf8.count) && part.utf8.allSatisfy(HostAddress.isDigit) ? Int(part) : nil
        }
        return parts.count == 4 && numbers.count == 4 && numbers.allSatisfy { $0 < 256 } ? numbers : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    static let notation = ConfigurationNotation(
        name: "an address", examples: ["127.0.0.1", "::1", "localhost"], problem: problem)

    @Sendable
    private static func problem(_ text: String) -> String? {
        guard (1...253).contains(text.utf8.count) else { return "has no or too many characters" }
        if text.contains(":") { return problemOfIPv6(text) }
        if text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }) {
            return HostAddress(text).ipv4 == nil ? "is not four numbers up to 255" : nil
        }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy(isLabel) ? nil : "is not an IP address or a host name"
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
            && label.utf8.allSatisfy { isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-") }
    }

    private static func problemOfIPv6(_ text: String) -> String? {
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        let isHexadecimal = groups.allSatisfy { $0.utf8.count < 5 && ($0.isEmpty || UInt16($0, radix: 16) != nil) }
        return isHexadecimal && (3...9).contains(groups.count) ? nil : "has a colon and is not an IPv6 address"
    }
}

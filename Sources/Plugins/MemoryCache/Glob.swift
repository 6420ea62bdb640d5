import PluginAPI

/// A pattern in which `*` stands for any bytes, none included, and everything else for itself.
struct Glob: Sendable {
    private let pattern: [UInt8]

    init(_ pattern: String) {
        self.pattern = Array(pattern.utf8)
    }

    /// Linear in practice: after a mismatch only the last `*` takes one byte more.
    func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var (position, index) = (0, 0)
        var lastStar: (pattern: Int, text: Int)?
        while index < bytes.count {
            if position < pattern.count, pattern[position] == UInt8(ascii: "*") {
                lastStar = (position, index)
                position += 1
            } else if position < pattern.count, pattern[position] == bytes[index] {
                position += 1
                index += 1
            } else if let star = lastStar {
                lastStar = (star.pattern, star.text + 1)
                position = star.pattern + 1
                index = star.text + 1
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

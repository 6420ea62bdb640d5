/// The contract's rules for names in files.
enum FieldRule {
    static let identifier = "1 to 128 bytes of printable ASCII without space"
    static let symbol = "1 to 64 bytes of printable ASCII"
    static let note = "1 to 256 bytes without control characters"

    static func isIdentifier(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    static func isSymbol(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    static func isNote(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}

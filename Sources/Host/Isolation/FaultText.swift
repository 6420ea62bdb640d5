/// What a module's failure says of itself, for operators: bounded, and unable to steer a terminal.
enum FaultText {
    /// Of UTF-8.
    static let bytesMax = 500

    static func text(of failure: any Error) -> String { cut("\(failure)") }

    static func cut(_ text: String) -> String {
        // What is replaced takes more bytes than before.
        text.beginning(bytesMax: bytesMax).printable.beginning(bytesMax: bytesMax)
    }
}

extension String {
    /// As many whole characters from the beginning as the bytes of UTF-8 hold.
    fileprivate func beginning(bytesMax: Int) -> String {
        guard let end = utf8.index(utf8.startIndex, offsetBy: bytesMax, limitedBy: utf8.endIndex) else {
            return self
        }
        // In the middle of a character it stands for the character's beginning.
        return String(unicodeScalars[..<end])
    }
}

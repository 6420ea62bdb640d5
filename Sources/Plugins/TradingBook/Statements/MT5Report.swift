/// Tells the reports of a MetaTrader 5 terminal from other files, so that they are refused by their name.
///
/// They are HTML too, in UTF-16 with a byte order mark. What a report says cannot be proved as an MT4 statement's can
/// be, so none is read: a wrong figure is worse than none.
enum MT5Report {
    /// What an English report is headed with; those in other languages are known by their encoding.
    private static let title = "Trade History Report"
    private static let beginMax = 8_192

    /// Why a file is not taken when it is such a report, or UTF-16 text that can be nothing else; otherwise `nil`.
    static func refusal(of bytes: [UInt8]) -> String? {
        let begin = Array(bytes.prefix(beginMax))
        guard isUTF16(begin) else {
            return contains(title, begin) ? refusal("it says \"\(title)\"") : nil
        }
        return refusal(contains(title, begin.filter { $0 != 0 }) ? "it says \"\(title)\"" : "it is UTF-16 text")
    }

    private static func refusal(_ sign: String) -> String {
        "is a MetaTrader 5 report (\(sign)), which is not read: its positions can be given as .csv or .json"
    }

    /// By its byte order mark, or by every second byte of its beginning, which for Latin letters is zero.
    private static func isUTF16(_ bytes: [UInt8]) -> Bool {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return true }
        let head = bytes.prefix(64)
        guard head.count >= 16 else { return false }
        return [0, 1].contains { parity in
            head.enumerated().allSatisfy { ($0.offset % 2 == parity) == ($0.element == 0) }
        }
    }

    /// Before the document's table, where nothing stands that a client may have written into an order.
    private static func contains(_ text: String, _ bytes: [UInt8]) -> Bool {
        let head = bytes[..<(bytes.firstRange(of: Array("<table".utf8))?.lowerBound ?? bytes.count)]
        return head.firstRange(of: Array(text.utf8)) != nil
    }
}

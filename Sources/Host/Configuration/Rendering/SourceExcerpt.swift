/// A source line with a caret below the place that a mistake is about, without the secrets that may stand in it.
struct SourceExcerpt: Sendable {
    /// Longer lines are cut around the caret.
    static let widthMax = 160

    let line: String
    let caret: String

    /// - Parameter place: The mistake's, in the line as it was written, from 0.
    init(_ masked: MaskedLine, at place: Int) {
        let column = masked.column(place)
        let from = max(0, column - SourceExcerpt.widthMax / 2)
        let window = masked.shown[min(from, masked.shown.count)...].prefix(SourceExcerpt.widthMax)
        line = String(String.UnicodeScalarView(window.map(SourceExcerpt.printable)))
        caret = String(repeating: " ", count: column - from) + "^"
    }

    private static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar == "\t" { return " " }
        return scalar.value < 0x20 || scalar.value == 0x7F ? "\u{FFFD}" : scalar
    }
}

import PluginAPI

extension ConfigurationKind {
    /// What a value of this kind is called in messages and tables: `a whole number from 0 to 65535`.
    var phrase: String {
        switch self {
        case .text: "text"
        case .boolean: "`true` or `false`"
        case .integer(let range): "a whole number from \(range.phrase)"
        case .decimal(let range): "a number from \(range.phrase)"
        case .percentage(let range): "a percentage from \(range.percentPhrase)"
        case .duration(let range): "a duration from \(range.phrase)"
        case .size(let range): "a size from \(range.sizePhrase)"
        case .choice(let names): names.map { "`\($0)`" }.joined(separator: " or ")
        case .path: "a path"
        case .notation(let notation):
            notation.name + (notation.examples.isEmpty ? "" : ", like " + notation.exampleList)
        case .section: "a mapping with known keys"
        case .mapping(let kind): "a mapping of names to \(kind.phrase)"
        case .list(let kind): "a list, each \(kind.phrase)"
        case .either(let kinds): kinds.map(\.phrase).joined(separator: ", or ")
        @unknown default: "a value"
        }
    }
}

extension ConfigurationNotation {
    var exampleList: String { examples.map { "`\($0)`" }.joined(separator: ", ") }
}

extension ClosedRange<Int> {
    var phrase: String {
        "\(lowerBound) to \(upperBound == .max ? "any" : String(upperBound))"
    }

    var sizePhrase: String {
        "\(QuantityText.bytes.format(lowerBound)) to \(QuantityText.bytes.format(upperBound))"
    }
}

extension ClosedRange<FixedDecimal> {
    var phrase: String { "\(lowerBound) to \(upperBound)" }
    var percentPhrase: String { "\(lowerBound)% to \(upperBound)%" }
}

extension ClosedRange<Duration> {
    var phrase: String {
        let text = QuantityText.milliseconds
        return "\(text.format(lowerBound.wholeMilliseconds)) to \(text.format(upperBound.wholeMilliseconds))"
    }
}

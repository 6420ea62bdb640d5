/// The excerpts of one report. A line that many mistakes are about is looked through for secrets once.
struct SourceExcerpts {
    private struct Place: Hashable {
        var file: String
        var line: Int
    }

    private let names: SecretNames
    /// With what keys say is secret in them.
    private var masked: [Place: MaskedLine] = [:]

    init(names: SecretNames) {
        self.names = names
    }

    /// Lines that have been looked through.
    var linesMasked: Int { masked.count }

    /// `nil` when the mistake is not about the file or the place is beyond its end.
    mutating func excerpt(for mistake: ConfigurationMistake, in source: ConfigurationSource) -> SourceExcerpt? {
        guard let position = mistake.origin.position, source.lines.indices.contains(position.line - 1) else {
            return nil
        }
        let whole = source.lines[position.line - 1]
        let column = min(position.column - 1, whole.count)
        let place = Place(file: source.name, line: position.line)
        let line = masked[place] ?? MaskedLine(whole, names: names)
        masked[place] = line
        return SourceExcerpt(
            mistake.hidesSource ? line.hiding(whole, from: column, names: names) : line, at: column)
    }
}

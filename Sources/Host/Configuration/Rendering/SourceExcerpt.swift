import PluginAPI

/// A source line with a caret below the place that a mistake is about, without the secrets that may stand in it.
struct SourceExcerpt: Sendable {
    /// Longer lines are cut around the caret.
    static let widthMax = 160
    static let mask = "•••"

    let line: String
    let caret: String

    /// `nil` when the mistake is not about the file or the place is beyond its end.
    ///
    /// - Parameter secretKeys: Names of keys, a value after which is masked whatever the line otherwise is: the name may
    ///   be misspelt, and the line need not be YAML.
    init?(_ source: ConfigurationSource, for mistake: ConfigurationMistake, secretKeys: Set<String>) {
        guard let position = mistake.origin.position, source.lines.indices.contains(position.line - 1) else {
            return nil
        }
        let whole = source.lines[position.line - 1]
        var maskStart = SourceExcerpt.secretStart(in: whole, secretKeys) ?? whole.count
        if mistake.hidesSource { maskStart = min(maskStart, position.column - 1) }
        var shown = whole.prefix(max(maskStart, 0)).map { SourceExcerpt.printable($0) }
        if maskStart < whole.count { shown += Array(SourceExcerpt.mask.unicodeScalars) }
        let column = min(position.column - 1, min(maskStart, whole.count))
        let from = max(0, column - SourceExcerpt.widthMax / 2)
        let window = shown[min(from, shown.count)...].prefix(SourceExcerpt.widthMax)
        line = String(String.UnicodeScalarView(window))
        caret = String(repeating: " ", count: column - from) + "^"
    }

    private static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar == "\t" { return " " }
        return scalar.value < 0x20 || scalar.value == 0x7F ? "\u{FFFD}" : scalar
    }

    /// Where the value after the first key that is, or nearly is, a secret's begins.
    private static func secretStart(in line: [Unicode.Scalar], _ secretKeys: Set<String>) -> Int? {
        var word = ""
        for (index, scalar) in line.enumerated() {
            if scalar == ":", isSecretName(word, secretKeys) {
                let blanks = line[(index + 1)...].prefix { $0 == " " || $0 == "\t" }.count
                if !isReference(line[(index + 1 + blanks)...]) { return index + 1 + blanks }
            }
            if scalar == "_" || scalar == "-" || scalar.properties.isAlphabetic {
                word.unicodeScalars.append(scalar)
            } else if scalar != "\"", scalar != "'", scalar != " " {
                word = ""
            } else if scalar == " ", !word.isEmpty {
                word = ""
            }
        }
        return nil
    }

    /// A value that is nothing but `${env:NAME}` or `${file:PATH}` gives no secret away.
    private static func isReference(_ value: ArraySlice<Unicode.Scalar>) -> Bool {
        let quotes: Set<Unicode.Scalar> = ["\"", "'"]
        let text = value.drop { quotes.contains($0) }
        guard text.starts(with: "${env:".unicodeScalars) || text.starts(with: "${file:".unicodeScalars),
            let end = text.firstIndex(of: "}")
        else { return false }
        let hasDefault = String(String.UnicodeScalarView(text[..<end])).contains(":-")
        let after = text[text.index(after: end)...].first { !quotes.contains($0) }
        return !hasDefault && (after == nil || [" ", ",", "}"].contains(after))
    }

    private static func isSecretName(_ word: String, _ secretKeys: Set<String>) -> Bool {
        let name = word.lowercased()
        // An address may hold a password, also that of a module which is not compiled in.
        return secretKeys.union(["url"]).contains { key in
            name.contains(key) || (NearestName.distance(name, key) ?? .max) <= NearestName.reach(key)
        } || ["secret", "password", "passwd", "token"].contains { name.contains($0) }
    }
}

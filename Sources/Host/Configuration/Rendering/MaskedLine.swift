import PluginAPI

/// A source line without the secrets that may stand in it, and where its columns have gone.
///
/// The line need not be YAML and a key may be misspelt, so a value is taken for a secret rather once too often: where its
/// end is in doubt, the rest of the line is masked.
struct MaskedLine: Sendable {
    static let mask = Array("•••".unicodeScalars)

    /// What may be shown.
    let shown: [Unicode.Scalar]
    private let secrets: [Range<Int>]

    /// Without what keys say is secret.
    init(_ line: [Unicode.Scalar], names: SecretNames) {
        self.init(line, MaskedLine.keyedSecrets(in: line, names))
    }

    /// The same without a value that is secret whatever its key.
    ///
    /// - Parameters:
    ///   - line: As it was written.
    ///   - start: Where the value begins.
    func hiding(_ line: [Unicode.Scalar], from start: Int, names: SecretNames) -> MaskedLine {
        guard start < line.count, !secrets.contains(where: { $0.contains(start) }) else { return self }
        return MaskedLine(line, secrets + [start..<MaskedLine.end(of: line, from: start, names)])
    }

    private init(_ line: [Unicode.Scalar], _ unordered: [Range<Int>]) {
        let secrets = unordered.sorted { $0.lowerBound < $1.lowerBound }
        var shown: [Unicode.Scalar] = []
        var next = 0
        for secret in secrets where secret.lowerBound >= next {
            shown += line[next..<secret.lowerBound] + MaskedLine.mask
            next = secret.upperBound
        }
        self.shown = shown + line[next...]
        self.secrets = secrets
    }

    /// Where a column of the line is in what is shown; both count from 0.
    func column(_ column: Int) -> Int {
        var shift = 0
        for secret in secrets where secret.lowerBound < column {
            if column < secret.upperBound {
                let inside = min(column - secret.lowerBound, MaskedLine.mask.count - 1)
                return secret.lowerBound + shift + inside
            }
            shift += MaskedLine.mask.count - secret.count
        }
        return min(column + shift, shown.count)
    }

    // MARK: Finding secrets

    /// The values behind keys that are, or nearly are, a secret's.
    private static func keyedSecrets(in line: [Unicode.Scalar], _ names: SecretNames) -> [Range<Int>] {
        var secrets: [Range<Int>] = []
        var word = ""
        var isWordOver = false
        var next = 0
        for (index, scalar) in line.enumerated() where index >= next {
            if scalar == ":", names.isSecret(word) {
                let blanks = line[(index + 1)...].prefix(while: isBlank).count
                let start = index + 1 + blanks
                if start < line.count, !isReference(line[start...]) {
                    let end = end(of: line, from: start, names)
                    secrets.append(start..<end)
                    next = end
                }
            }
            if scalar == "_" || scalar == "-" || scalar.properties.isAlphabetic {
                if isWordOver { word = "" }
                isWordOver = false
                word.unicodeScalars.append(scalar)
            } else if isBlank(scalar) {
                isWordOver = true
            } else if !isQuote(scalar) {
                word = ""
            }
        }
        return secrets
    }

    /// A value that is nothing but `${env:NAME}` or `${file:PATH}` gives no secret away.
    private static func isReference(_ value: ArraySlice<Unicode.Scalar>) -> Bool {
        let text = value.drop(while: isQuote)
        guard text.starts(with: "${env:".unicodeScalars) || text.starts(with: "${file:".unicodeScalars),
            let end = text.firstIndex(of: "}")
        else { return false }
        let hasDefault = String(String.UnicodeScalarView(text[..<end])).contains(":-")
        let after = text[text.index(after: end)...].first { !isQuote($0) }
        return !hasDefault && (after == nil || [" ", ",", "}"].contains(after))
    }

    /// Where the value that begins at `start` ends: behind its quotes or before the comma or brace, if what follows can
    /// only be the rest of a mapping; else with the line.
    private static func end(of line: [Unicode.Scalar], from start: Int, _ names: SecretNames) -> Int {
        let value = line[start...]
        guard let first = value.first else { return line.count }
        var end: Int?
        if isQuote(first) {
            end = closingQuote(in: value, first).map { $0 + 1 }
        } else if line[..<start].contains("{"), first != "{", first != "[" {
            let text = value.prefix { ![",", "}", "]"].contains($0) }
            end = text.endIndex < line.count ? text.lastIndex { !isBlank($0) }.map { $0 + 1 } : nil
        }
        guard let end, isRestOfMapping(line[end...], names) else { return line.count }
        return end
    }

    private static func closingQuote(in value: ArraySlice<Unicode.Scalar>, _ quote: Unicode.Scalar) -> Int? {
        var index = value.startIndex + 1
        while index < value.endIndex {
            if quote == "\"", value[index] == "\\" {
                index += 2
                continue
            }
            if value[index] == quote {
                let isDoubled = quote == "'" && index + 1 < value.endIndex && value[index + 1] == quote
                guard isDoubled else { return index }
                index += 1
            }
            index += 1
        }
        return nil
    }

    /// Nothing but closing brackets and a comment, or a comma and the next key, which must be, or nearly be, a known one.
    private static func isRestOfMapping(_ rest: ArraySlice<Unicode.Scalar>, _ names: SecretNames) -> Bool {
        let rest = rest.drop(while: isBlank)
        guard let first = rest.first else { return true }
        if first == "," {
            let key = rest.dropFirst().drop(while: isBlank).prefix { $0 != ":" && !isBlank($0) }
            let name = String(String.UnicodeScalarView(key.filter { !isQuote($0) }))
            return rest[key.endIndex...].starts(with: ": ".unicodeScalars) && names.isNearlyKnown(name)
        }
        let behind = rest.drop { isBlank($0) || $0 == "}" || $0 == "]" }
        return behind.isEmpty || behind.first == "#" && behind.startIndex > rest.startIndex
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }
    private static func isQuote(_ scalar: Unicode.Scalar) -> Bool { scalar == "\"" || scalar == "'" }
}

/// Which keys hold secrets, however they are spelled.
struct SecretNames: Sendable {
    private let secret: Set<String>
    private let plain: Set<String>

    /// - Parameters:
    ///   - secret: Keys whose value is secret.
    ///   - plain: All other keys there are.
    init(secret: Set<String>, plain: Set<String>) {
        self.secret = secret
        self.plain = plain
    }

    /// Whether a configuration has such a key, or one that somebody who wrote this most likely meant.
    func isNearlyKnown(_ name: String) -> Bool { NearestName.of(name, among: plain.union(secret)) != nil }

    /// Whether a key is a secret's, or may be one misspelt. One that is spelled as another key is that key.
    func isSecret(_ word: String) -> Bool {
        if plain.contains(word) { return false }
        let name = word.lowercased()
        // An address may hold a password, also that of a module which is not compiled in.
        return secret.union(["url"]).contains { key in
            name.contains(key) || (NearestName.distance(name, key) ?? .max) <= NearestName.reach(key)
        } || ["secret", "password", "passwd", "token"].contains { name.contains($0) }
    }
}

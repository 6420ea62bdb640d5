/// Writes YAML, indented, one key a line.
struct YAMLText {
    private(set) var lines: [String] = []

    var text: String { lines.joined(separator: "\n") + "\n" }

    mutating func line(_ text: String, depth: Int) {
        lines.append(text.isEmpty ? "" : String(repeating: "  ", count: depth) + text)
    }

    /// Makes comments of all lines from one on.
    mutating func commentOut(from start: Int) {
        for index in start..<lines.count { lines[index] = "# " + lines[index] }
    }

    /// A comment, broken into lines.
    mutating func comment(_ text: String, depth: Int) {
        var current = "#"
        for word in text.split(separator: " ") {
            if current.count + word.count + depth * 2 > 110 {
                line(current, depth: depth)
                current = "#"
            }
            current += " \(word)"
        }
        line(current, depth: depth)
    }

    /// A scalar that reads back as the same text.
    static func scalar(_ text: String) -> String {
        isPlain(text) ? text : quoted(text)
    }

    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                quoted += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Letters, digits and what is harmless between them; no word that YAML takes for nothing.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, !["null", "~", "Null", "NULL"].contains(text) else { return false }
        let isStart = first.isASCII && first.properties.isAlphabetic || ("0"..."9").contains(first) || first == "/"
        return isStart && text.last != " " && text.last != ":"
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && $0.properties.isAlphabetic || ("0"..."9").contains($0)
                    || "_-./%+: ".unicodeScalars.contains($0)
            } && !text.contains(": ")
    }
}

/// The configuration file's text, and how messages quote it.
struct ConfigurationSource: Sendable {
    /// As it was given on the command line.
    let name: String
    let bytes: [UInt8]
    /// Split where YAML splits.
    let lines: [[Unicode.Scalar]]

    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        lines = ConfigurationSource.split(String(decoding: bytes, as: UTF8.self))
    }

    init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }

    private static func split(_ text: String) -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = [[]]
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lines.append([])
            case "\u{FEFF}" where lines.count == 1 && lines[0].isEmpty: break
            default: lines[lines.count - 1].append(scalar)
            }
            previous = scalar
        }
        return lines
    }

    /// A place behind the file's end is the end of its last line that has text.
    func clamped(_ position: SourcePosition) -> SourcePosition {
        guard position.line > lines.count || position.line == lines.count && lines[lines.count - 1].isEmpty,
            let last = lines.lastIndex(where: { !$0.isEmpty })
        else { return position }
        return SourcePosition(line: last + 1, column: lines[last].count + 1)
    }

    /// Where the file stops being UTF-8 text, if it does.
    var encodingProblem: (position: SourcePosition, detail: String)? {
        var position = SourcePosition.start
        var parser = Unicode.UTF8.ForwardParser()
        var input = bytes.makeIterator()
        while true {
            switch parser.parseScalar(from: &input) {
            case .emptyInput: return nil
            case .error: return (position, "this is not UTF-8 text")
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                if ConfigurationSource.isControl(scalar) { return (position, "a control character is not text") }
                position =
                    scalar == "\n"
                    ? SourcePosition(line: position.line + 1, column: 1)
                    : SourcePosition(line: position.line, column: position.column + 1)
            }
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 && !["\t", "\n", "\r"].contains(scalar) || scalar.value == 0x7F
    }

    /// What usually is behind a syntax error at a place.
    func syntaxHint(at position: SourcePosition) -> String? {
        guard lines.indices.contains(position.line - 1) else { return nil }
        let line = lines[position.line - 1]
        if line.prefix(while: { $0 == " " || $0 == "\t" }).contains("\t") { return "indent with spaces, not with tabs" }
        if String(String.UnicodeScalarView(line)).contains("${") { return "inside braces, put ${…} in quotes" }
        return nil
    }
}

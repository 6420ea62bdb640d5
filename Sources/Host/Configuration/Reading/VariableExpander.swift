/// Replaces `${env:NAME}`, `${env:NAME:-text}` and `${file:PATH}` in values, once: what they stand for is not looked at
/// again. `$${` stands for `${`.
///
/// A value that mentions an unset variable counts as absent. An empty variable is an unset one.
struct VariableExpander {
    let environment: [String: String]
    /// The text of a file, or why there is none.
    let readFile: @Sendable (String) -> Result<String, FileProblem>
    private(set) var mistakes: [ConfigurationMistake] = []

    init(
        environment: [String: String],
        readFile: @escaping @Sendable (String) -> Result<String, FileProblem>
    ) {
        self.environment = environment
        self.readFile = readFile
    }

    /// - Returns: `nil` when the setting counts as absent.
    mutating func expand(_ setting: Setting, at path: String = "") -> Setting? {
        switch setting.content {
        case .scalar(let scalar): return expand(scalar, setting.origin, at: path)
        case .list(let items):
            let expanded = items.enumerated().compactMap { expand($1, at: "\(path)[\($0)]") }
            return Setting(content: .list(expanded), origin: setting.origin)
        case .mapping(let entries):
            let expanded = entries.compactMap { entry in
                expand(entry.value, at: SettingsReader.join(path, entry.key))
                    .map { Setting.Entry(key: entry.key, origin: entry.origin, value: $0) }
            }
            return Setting(content: .mapping(expanded), origin: setting.origin)
        }
    }

    private mutating func expand(_ scalar: Setting.Scalar, _ origin: SettingOrigin, at path: String) -> Setting? {
        guard scalar.text.contains("${") else { return Setting(content: .scalar(scalar), origin: origin) }
        let pieces: [Piece]
        do {
            pieces = try VariableExpander.pieces(of: scalar.text)
        } catch {
            mistakes.append(ConfigurationMistake(at: origin, path: path, error.detail, hint: error.hint))
            return nil
        }
        var text = ""
        var sources: [String] = []
        var template = ConfiguredText(parts: [])
        for piece in pieces {
            guard let part = resolve(piece, origin, at: path, isAlone: pieces.count == 1) else { return nil }
            text += part
            template.parts.append(piece.part(resolved: part))
            if let source = piece.source { sources.append(source) }
        }
        var expanded = Setting.Scalar(text: text, isPlain: scalar.isPlain, isExpanded: !sources.isEmpty)
        if template.canChange { expanded.template = template }
        let place = origin.position.map { SettingOrigin.expanded($0, through: sources) } ?? origin
        return Setting(content: .scalar(expanded), origin: sources.isEmpty ? origin : place)
    }

    private mutating func resolve(
        _ piece: Piece,
        _ origin: SettingOrigin,
        at path: String,
        isAlone: Bool
    ) -> String? {
        switch piece {
        case .text(let text): return text
        case .variable(let name, let otherwise):
            if let value = environment[name], !value.isEmpty { return value }
            if let otherwise { return otherwise }
            if !isAlone {
                let detail = "`\(name)` is not set, so that `\(path)` counts as absent"
                let hint = "give a default: ${env:\(name):-text}"
                mistakes.append(ConfigurationMistake(.warning, at: origin, path: path, detail, hint: hint))
            }
            return nil
        case .file(let file):
            switch readFile(file) {
            case .success(let text): return VariableExpander.withoutLastLineBreak(text)
            case .failure(let problem):
                let detail = "the file \(file) \(problem.detail)"
                mistakes.append(ConfigurationMistake(at: origin, path: path, detail))
                return nil
            }
        }
    }

    static func withoutLastLineBreak(_ text: String) -> String {
        var scalars = text.unicodeScalars
        if scalars.last == "\n" { scalars.removeLast() }
        if scalars.last == "\r" { scalars.removeLast() }
        return String(scalars)
    }
}

extension VariableExpander {
    /// A part of a value.
    enum Piece: Equatable {
        case text(String)
        case variable(String, otherwise: String?)
        case file(String)

        var source: String? {
            switch self {
            case .text: nil
            case .variable(let name, _): "env \(name)"
            case .file(let path): "file \(path)"
            }
        }

        /// What is kept of it: the text it stood for, or the file.
        func part(resolved text: String) -> ConfiguredText.Part {
            if case .file(let path) = self { .file(path) } else { .text(text) }
        }
    }

    static func pieces(of text: String) throws(ValueProblem) -> [Piece] {
        var pieces: [Piece] = []
        var literal = ""
        var rest = Substring(text)
        while !rest.isEmpty {
            if rest.hasPrefix("$${") {
                literal += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else {
                    throw ValueProblem(
                        "a ${ is not closed", hint: "close it with }, or write $${ for the characters ${")
                }
                if !literal.isEmpty { pieces.append(.text(literal)) }
                literal = ""
                pieces.append(try piece(rest.dropFirst(2)[..<end]))
                rest = rest[rest.index(after: end)...]
            } else {
                literal.append(rest.removeFirst())
            }
        }
        return literal.isEmpty && !pieces.isEmpty ? pieces : pieces + [.text(literal)]
    }

    private static func piece(_ inner: Substring) throws(ValueProblem) -> Piece {
        let forms = "write ${env:NAME}, ${env:NAME:-text}, ${file:PATH}, or $${ for the characters ${"
        if inner.hasPrefix("file:") {
            let path = inner.dropFirst(5)
            guard !path.isEmpty else { throw ValueProblem("${file:} names no file", hint: forms) }
            return .file(String(path))
        }
        guard inner.hasPrefix("env:") else { throw ValueProblem("a ${…} is neither env nor file", hint: forms) }
        let body = inner.dropFirst(4)
        let name = body.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        let after = body[name.endIndex...]
        guard !name.isEmpty, name.first?.isNumber == false, after.isEmpty || after.hasPrefix(":-") else {
            throw ValueProblem("${env:…} has no good variable name", hint: forms)
        }
        return .variable(String(name), otherwise: after.isEmpty ? nil : String(after.dropFirst(2)))
    }
}

/// Reads one YAML document into settings, and lists everything about its form that a configuration does not allow:
/// repeated keys, anchors, aliases, tags, keys that are not text, a second document.
///
/// Size and depth are bounded, so that no file can exhaust the stack or the heap.
struct YAMLReader {
    static let bytesMax = 1 << 20
    static let depthMax = 32

    private let events: YAMLEvents
    private(set) var mistakes: [ConfigurationMistake] = []

    private init(_ bytes: [UInt8]) {
        events = YAMLEvents(bytes)
    }

    /// - Returns: The document, an empty mapping for an empty one; `nil` when the text cannot be read at all, and then
    ///   the mistake says why.
    static func read(_ source: ConfigurationSource) -> (setting: Setting?, mistakes: [ConfigurationMistake]) {
        guard source.bytes.count <= bytesMax else {
            let detail = "the file has \(source.bytes.count) bytes; a configuration has at most \(bytesMax)"
            return (nil, [ConfigurationMistake(at: .file(.start), detail)])
        }
        if let problem = source.encodingProblem {
            return (nil, [ConfigurationMistake(at: .file(problem.position), problem.detail)])
        }
        var reader = YAMLReader(source.bytes)
        do {
            let setting = try reader.document()
            return (setting, reader.mistakes)
        } catch {
            let position = source.clamped(error.position)
            let mistake = ConfigurationMistake(
                at: .file(position), error.detail, hint: source.syntaxHint(at: position))
            return (nil, reader.mistakes + [mistake])
        }
    }

    private mutating func document() throws(YAMLSyntaxError) -> Setting {
        var event = try events.next()
        while case .other = event.kind { event = try events.next() }
        guard case .documentStart = event.kind else {
            return Setting(content: .mapping([]), origin: .file(.start))
        }
        let root = try value(try events.next(), depth: 0)
        _ = try events.next()
        let after = try events.next()
        if case .documentStart = after.kind {
            refuse(after.position, "a second document starts here; a configuration is one document")
        }
        return root
    }

    private mutating func value(_ event: YAMLEvent, depth: Int) throws(YAMLSyntaxError) -> Setting {
        guard depth <= YAMLReader.depthMax else {
            throw YAMLSyntaxError(
                position: event.position, detail: "it is nested deeper than \(YAMLReader.depthMax) levels")
        }
        if event.isDecorated { refuse(event.position, "anchors and tags are not read; write the value alone") }
        let origin = SettingOrigin.file(event.position)
        switch event.kind {
        case .scalar(let text, let isPlain):
            return Setting(content: .scalar(Setting.Scalar(text: text, isPlain: isPlain)), origin: origin)
        case .mappingStart:
            return Setting(content: .mapping(try entries(depth: depth + 1)), origin: origin)
        case .listStart:
            return Setting(content: .list(try items(depth: depth + 1)), origin: origin)
        default:
            refuse(event.position, "aliases are not followed; write the value out")
            return Setting(content: .mapping([]), origin: origin)
        }
    }

    private mutating func items(depth: Int) throws(YAMLSyntaxError) -> [Setting] {
        var items: [Setting] = []
        while true {
            let event = try events.next()
            if case .listEnd = event.kind { return items }
            items.append(try value(event, depth: depth))
        }
    }

    private mutating func entries(depth: Int) throws(YAMLSyntaxError) -> [Setting.Entry] {
        var entries: [Setting.Entry] = []
        var lines: [[UInt8]: Int] = [:]
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { return entries }
            let key = try value(event, depth: depth)
            let value = try value(try events.next(), depth: depth)
            guard case .scalar(let scalar) = key.content, !key.isEmpty else {
                refuse(event.position, "a key must be text")
                continue
            }
            if let line = lines[Array(scalar.text.utf8)] {
                refuse(event.position, "the key `\(scalar.text)` is here a second time; line \(line) has it already")
            } else {
                lines[Array(scalar.text.utf8)] = event.position.line
                entries.append(Setting.Entry(key: scalar.text, origin: key.origin, value: value))
            }
        }
    }

    private mutating func refuse(_ position: SourcePosition, _ detail: String) {
        mistakes.append(ConfigurationMistake(at: .file(position), detail))
    }
}

import CYaml

/// What the YAML parser met, and where.
struct YAMLEvent {
    enum Kind {
        case streamEnd, documentStart, documentEnd, alias, listStart, listEnd, mappingStart, mappingEnd
        case scalar(String, isPlain: Bool)
        case other
    }

    var kind: Kind
    var position: SourcePosition
    /// It carries an anchor or a tag, neither of which a configuration has.
    var isDecorated = false
}

/// The text is not YAML.
struct YAMLSyntaxError: Error, Equatable {
    var position: SourcePosition
    var detail: String
}

/// Libyaml's events one after the other.
///
/// The events are read instead of Yams' composed nodes, because composing stops at the first duplicate key, follows
/// aliases without a bound, and nests as deep as the text does.
final class YAMLEvents {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        input = .allocate(capacity: max(bytes.count, 1))
        _ = input.initialize(from: bytes)
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    func next() throws(YAMLSyntaxError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError }
        defer { yaml_event_delete(&event) }
        return YAMLEvent(
            kind: YAMLEvents.kind(of: event),
            position: YAMLEvents.position(event.start_mark),
            isDecorated: YAMLEvents.isDecorated(event)
        )
    }

    private var syntaxError: YAMLSyntaxError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be read"
        var detail = "this is not YAML: \(problem)"
        if let context = parser.pointee.context {
            let line = parser.pointee.context_mark.line + 1
            detail += " (\(String(cString: context)), which began in line \(line))"
        }
        return YAMLSyntaxError(position: YAMLEvents.position(parser.pointee.problem_mark), detail: detail)
    }

    private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
        switch event.type {
        case YAML_STREAM_END_EVENT: .streamEnd
        case YAML_DOCUMENT_START_EVENT: .documentStart
        case YAML_DOCUMENT_END_EVENT: .documentEnd
        case YAML_ALIAS_EVENT: .alias
        case YAML_SEQUENCE_START_EVENT: .listStart
        case YAML_SEQUENCE_END_EVENT: .listEnd
        case YAML_MAPPING_START_EVENT: .mappingStart
        case YAML_MAPPING_END_EVENT: .mappingEnd
        case YAML_SCALAR_EVENT: .scalar(text(of: event), isPlain: event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        default: .other
        }
    }

    private static func text(of event: yaml_event_t) -> String {
        String(
            decoding: UnsafeBufferPointer(start: event.data.scalar.value, count: event.data.scalar.length),
            as: UTF8.self
        )
    }

    private static func isDecorated(_ event: yaml_event_t) -> Bool {
        switch event.type {
        case YAML_SCALAR_EVENT: event.data.scalar.anchor != nil || event.data.scalar.tag != nil
        case YAML_SEQUENCE_START_EVENT:
            event.data.sequence_start.anchor != nil || event.data.sequence_start.tag != nil
        case YAML_MAPPING_START_EVENT: event.data.mapping_start.anchor != nil || event.data.mapping_start.tag != nil
        default: false
        }
    }

    private static func position(_ mark: yaml_mark_t) -> SourcePosition {
        SourcePosition(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}

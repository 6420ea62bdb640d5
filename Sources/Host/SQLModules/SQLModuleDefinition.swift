import PluginAPI

/// A query service that is a file: `config/queries/NAME.yaml`.
struct SQLModuleDefinition: Sendable, Equatable {
    /// The file's name without its end: the module's ID, and the first part of its paths.
    var id: ModuleDescriptor.ModuleID
    var summary: String
    var stability = ModuleDescriptor.Stability.stable
    var isForPlatform: Bool
    var methods: [Method]
    /// The file as messages name it, and its text: equal texts make equal modules.
    var file: String
    var text: [UInt8]

    struct Method: Sendable, Equatable {
        /// The last part of its path.
        var name: String
        var summary: String
        var parameters: [SQLParameter]
        var ttl: Duration?
        var limits: Limits
        var statement: NamedStatement
        /// What it answers with, in the statement's order.
        var columns: [AnswerColumns.Column]
        /// Where the statement's text begins in the file.
        var place: SQLPlace
    }

    struct Limits: Sendable, Equatable {
        var rows: Int
        /// Of an answer's values.
        var bytes: Int
        var time: Duration
    }
}

/// A parameter of a method.
struct SQLParameter: Sendable, Equatable {
    var name: String
    var kind: Parameter.Kind
    var preset: Parameter.Default?
    /// Whether a request must have it; otherwise it is NULL where it is absent.
    var isRequired: Bool
    var summary: String

    /// What is bound for it.
    var valueKind: ValueKind {
        switch kind {
        case .integer, .duration: .integer
        case .decimal: .decimal
        case .boolean: .boolean
        case .time: .timestamp
        default: .text
        }
    }

    var declaration: Parameter { Parameter(name, kind, default: preset, summary) }

    /// Any value of its kind, for a look at the statement.
    var sample: Value {
        switch valueKind {
        case .integer: .integer(Int64(0))
        case .decimal: .decimal(FixedDecimal(storedUnits: 0))
        case .boolean: .boolean(false)
        case .timestamp: .timestamp(Timestamp(microseconds: 0))
        default: .text("")
        }
    }
}

/// Where a statement lies in its file.
struct SQLPlace: Sendable, Equatable {
    /// Of the scalar that holds it.
    private let start: SourcePosition
    /// Columns that the file's lines have before those of the text; `nil` where the text is no block of lines.
    private let indents: [Int]?
    /// Characters before the text where all of it stands in one line as it is; `nil` where it does not.
    private let quoteLength: Int?

    init(of text: String, at start: SourcePosition, in source: ConfigurationSource) {
        self.start = start
        let line = source.lines.indices.contains(start.line - 1) ? source.lines[start.line - 1] : []
        let written = line.dropFirst(start.column - 1)
        quoteLength = [0, 1].first { written.dropFirst($0).starts(with: text.unicodeScalars) }
        guard written.first == "|" else {
            indents = nil
            return
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        indents = lines.enumerated().map { index, own in
            let whole = source.lines.indices.contains(start.line + index) ? source.lines[start.line + index].count : 0
            return max(0, whole - own.unicodeScalars.count)
        }
    }

    /// The place of a byte of the text.
    func position(of offset: Int, in text: String) -> SourcePosition {
        let before = String(decoding: Array(text.utf8).prefix(offset), as: UTF8.self)
        let line = before.utf8.count { $0 == UInt8(ascii: "\n") }
        let column = before.split(separator: "\n", omittingEmptySubsequences: false).last?.unicodeScalars.count ?? 0
        guard let indents else {
            return SourcePosition(line: start.line, column: start.column + (quoteLength.map { $0 + column } ?? 0))
        }
        let indent = indents.indices.contains(line) ? indents[line] : 0
        return SourcePosition(line: start.line + 1 + line, column: indent + column + 1)
    }
}

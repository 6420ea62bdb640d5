/// The shape of a JSON body, for validation of declarations, OpenAPI and documentation.
public indirect enum Schema: Sendable {
    /// A string.
    case text
    /// A whole number of 64 bits.
    case integer
    /// A JSON number with exactly its digits.
    case decimal
    /// `true` or `false`.
    case boolean
    /// A string with a time in ISO 8601, UTC.
    case timestamp
    /// A string that is one of these.
    case choice([String])
    /// The same, or `null`.
    case optional(Schema)
    /// Any number of the same.
    case array(Schema)
    /// An object with these members.
    case object(Fields)
    /// Any members.
    case anyObject

    /// `{"rows": [{…}]}` with these columns.
    public static func rows(_ fields: Fields) -> Schema {
        .object(["rows": .array(.object(fields))])
    }

    /// Named members in order; all are always present unless named in ``absentable``.
    public struct Fields: Sendable, ExpressibleByDictionaryLiteral {
        /// In the order in which they are written.
        public var members: [(name: String, schema: Schema)]
        /// Members that a body may leave out.
        public var absentable: Set<String>

        public init(dictionaryLiteral elements: (String, Schema)...) {
            members = elements.map { (name: $0.0, schema: $0.1) }
            absentable = []
        }

        /// The same members, of which a body may leave these out.
        public func allowingAbsence(of names: Set<String>) -> Fields {
            var copy = self
            copy.absentable.formUnion(names)
            return copy
        }
    }

    /// The columns of a ``rows(_:)`` schema.
    var rowColumns: [(name: String, kind: ValueKind)] {
        guard case .object(let outer) = self, case .array(.object(let fields))? = outer.members.first?.schema else {
            preconditionFailure("a query that returns rows declares its reply by Schema.rows")
        }
        return fields.members.map { (name: $0.name, kind: $0.schema.valueKind) }
    }

    private var valueKind: ValueKind {
        switch self {
        case .text, .choice: .text
        case .integer: .integer
        case .decimal: .decimal
        case .boolean: .boolean
        case .timestamp: .timestamp
        case .optional(let schema): schema.valueKind
        case .array, .object, .anyObject: .json
        }
    }
}

/// What a command takes.
public struct BodySchema: Sendable {
    /// Media types it takes; the first is the usual one.
    public var contentTypes: [String]
    /// The shape of a JSON body.
    public var schema: Schema

    /// A body; see its members.
    public init(contentTypes: [String] = ["application/json"], schema: Schema) {
        self.contentTypes = contentTypes
        self.schema = schema
    }
}

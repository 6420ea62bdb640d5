/// A parsed JSON document (RFC 8259) that keeps the text of its numbers and the order of its members.
///
/// Numbers stay text so that a decimal never passes through binary floating point.
public indirect enum JSONValue: Sendable, Equatable {
    /// `null`
    case null
    /// `true` or `false`
    case boolean(Bool)
    /// The number exactly as written.
    case number(String)
    /// Text, with its escapes resolved.
    case string(String)
    /// Elements in order.
    case array([JSONValue])
    /// Members in order.
    case object([Member])

    /// One member of an object. Names are unique within an object; the parser refuses repeats.
    public struct Member: Sendable, Equatable {
        /// With its escapes resolved.
        public var name: String
        /// What the name stands for.
        public var value: JSONValue

        /// A name and a value.
        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The member of an object with exactly these bytes as its name; `nil` for other values and unknown names.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.hasSameBytes(as: name) }?.value
    }

    /// What the value is called in messages: `a number`, `an object`.
    public var kindName: String {
        switch self {
        case .null: JSONDocument.Kind.null.name
        case .boolean: JSONDocument.Kind.boolean.name
        case .number: JSONDocument.Kind.number.name
        case .string: JSONDocument.Kind.string.name
        case .array: JSONDocument.Kind.array.name
        case .object: JSONDocument.Kind.object.name
        }
    }
}

/// Why bytes are not a JSON document, and where.
public struct JSONSyntaxError: Error, Equatable, Sendable {
    /// What is wrong, as a clause that follows "the body": `ends inside a string`.
    public var detail: String
    /// Lines count from 1.
    public var line: Int
    /// Bytes from the start of the line, from 1.
    public var column: Int

    /// What is wrong, and where.
    public init(detail: String, line: Int, column: Int) {
        self.detail = detail
        self.line = line
        self.column = column
    }
}

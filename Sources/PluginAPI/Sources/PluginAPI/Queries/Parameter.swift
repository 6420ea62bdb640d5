/// A query or path parameter: what it may be, and what it is when absent.
public struct Parameter: Sendable {
    /// As clients write it: `page_size`.
    public var name: String
    /// What its value may be.
    public var kind: Kind
    /// `nil` and not in the path: the parameter may be absent.
    public var defaultValue: Default?
    /// One line for the documentation.
    public var summary: String

    /// What a value may be. The host refuses others by 400.
    public enum Kind: Sendable, Equatable {
        /// Text of so many bytes in UTF-8 at most.
        case text(maxBytes: Int)
        /// 1…128 bytes of printable ASCII without space.
        case id
        /// 1…64 bytes of printable ASCII; upper-cased for comparison by the operation.
        case symbol
        /// A whole number within a range.
        case integer(ClosedRange<Int64>)
        /// A decimal within a range.
        case decimal(ClosedRange<FixedDecimal>)
        /// `true` or `false`.
        case boolean
        /// ISO 8601 with a zone, or a relative one: `-30d`, `-12h`.
        case time
        /// `5m`, `90s`, `2h`, `1d`; the value is in microseconds.
        case duration
        /// One of these words.
        case choice([String])
        /// A comma list of distinct choices, in the declared order once parsed.
        case choices([String])
    }

    /// What a parameter is when it is absent.
    public enum Default: Sendable, Equatable {
        /// Always the same.
        case value(Value)
        /// This long before the request.
        case ago(Duration)
    }

    /// A parameter; see its members.
    public init(_ name: String, _ kind: Kind, default defaultValue: Default? = nil, _ summary: String = "") {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.summary = summary
    }

    /// A parameter that is a time.
    public static func time(_ name: String, default value: TimeDefault? = nil, _ summary: String = "") -> Parameter {
        Parameter(name, .time, default: value.map { .ago($0.duration) }, summary)
    }

    /// The parameter every list has: 1…500 rows.
    public static func limit(default rows: Int64) -> Parameter {
        Parameter("limit", .integer(1...500), default: .value(.integer(rows)), "Rows at most")
    }

    /// The parameter that narrows a list to one instrument, by any of its names.
    public static let symbol = Parameter("symbol", .symbol, "Only this instrument")

    /// A default for a time, relative to the request.
    public struct TimeDefault: Sendable {
        let duration: Duration

        /// So many days of 24 hours before the request.
        public static func ago(days: Int) -> TimeDefault { TimeDefault(duration: .seconds(86_400 * days)) }
        /// So many hours before the request.
        public static func ago(hours: Int) -> TimeDefault { TimeDefault(duration: .seconds(3_600 * hours)) }
    }
}

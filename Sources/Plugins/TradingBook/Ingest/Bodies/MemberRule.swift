public import PluginAPI

/// What one field may hold: turns a JSON value into a value of the domain or says what is wrong with it.
///
/// Numbers, times and words are read from the document's bytes; a string is made where the value is one.
public struct MemberRule<Value> {
    let read: (JSONDocument, JSONDocument.Index) throws(MemberProblem) -> Value

    /// The rule and one condition more: `problem` says in a clause what breaks it, or `nil`.
    public func requiring(_ problem: @escaping (Value) -> String?) -> MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in
            let read = try self.read(json, value)
            if let detail = problem(read) { throw MemberProblem(detail) }
            return read
        }
    }
}

/// What is wrong with a field, as a clause that follows its name.
public struct MemberProblem: Error, Equatable {
    public var detail: String

    public init(_ detail: String) {
        self.detail = detail
    }
}

extension MemberRule where Value == String {
    /// 1…128 bytes of printable ASCII without space.
    public static var id: MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in
            try json.requireString(value)
            guard json.isText(value, of: 0x21...0x7E, bytesMax: 128) else {
                throw MemberProblem("must be 1 to 128 characters of printable ASCII without space")
            }
            return json.text(of: value)
        }
    }

    /// 1…64 bytes of printable ASCII.
    static var symbol: MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in
            try json.requireString(value)
            guard json.isText(value, of: 0x20...0x7E, bytesMax: 64) else {
                throw MemberProblem("must be 1 to 64 characters of printable ASCII")
            }
            return json.text(of: value)
        }
    }

    /// Free text without NUL, which PostgreSQL cannot keep.
    public static func text(bytesMax: Int, isEmptyAllowed: Bool = true) -> MemberRule {
        string { text throws(MemberProblem) in
            guard text.utf8.count <= bytesMax else { throw MemberProblem("is longer than \(bytesMax) bytes") }
            guard isEmptyAllowed || !text.utf8.isEmpty else { throw MemberProblem("must not be empty") }
            guard !text.utf8.contains(0) else { throw MemberProblem("must not contain U+0000") }
            return text
        }
    }

    /// What somebody gives as a reason: more than white space.
    public static func note(bytesMax: Int) -> MemberRule {
        .text(bytesMax: bytesMax).requiring { $0.allSatisfy(\.isWhitespace) ? "must not be blank" : nil }
    }
}

extension MemberRule {
    /// A string that `parse` takes on.
    public static func string(_ parse: @escaping (String) throws(MemberProblem) -> Value) -> MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in
            try json.requireString(value)
            return try parse(json.text(of: value))
        }
    }
}

extension MemberRule where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words that the type has.
    public static var choice: MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in
            try json.requireString(value)
            let choice = json.withText(of: value) { (text) -> Value? in
                for choice in Value.allCases where choice.rawValue.hasBytes(text) { return choice }
                return nil
            }
            guard let choice else {
                throw MemberProblem("must be \(Value.allCases.map(\.rawValue).joined(separator: " or "))")
            }
            return choice
        }
    }
}

extension MemberRule where Value == FixedDecimal {
    /// A number, or one in a string, with at most 8 decimals and no exponent.
    static var decimal: MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in try json.decimal(value) }
    }

    /// A decimal above zero.
    public static var positive: MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in
            let number = try json.decimal(value)
            guard !number.isZero, !number.isNegative else { throw MemberProblem("must be greater than 0") }
            return number
        }
    }
}

extension MemberRule where Value == FixedDecimal? {
    /// A stop or a target: above zero, or zero for none.
    static var level: MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in
            let number = try json.decimal(value)
            guard !number.isNegative else { throw MemberProblem("must be greater than 0, or 0 for none") }
            return number.isZero ? nil : number
        }
    }
}

extension MemberRule where Value == Int64 {
    /// A broker's number: 1…2⁶³−1, or its digits in a string.
    static var ticket: MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in
            guard json.kind(of: value) == .number || json.kind(of: value) == .string else {
                throw MemberProblem("must be an integer or a string with one, not \(json.kind(of: value).name)")
            }
            let number = json.digits(value) ?? (json.isText(value, of: 0x30...0x39) ? json.integer(value) : nil)
            guard let ticket = number, ticket > 0 else {
                throw MemberProblem("must be an integer from 1 to 9223372036854775807")
            }
            return ticket
        }
    }

    /// A whole number in the range, not in a string.
    public static func integer(_ range: ClosedRange<Int64> = .min ... .max) -> MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in
            guard json.kind(of: value) == .number else {
                throw MemberProblem("must be an integer, not \(json.kind(of: value).name)")
            }
            guard let number = json.integer(value), range.contains(number) else {
                throw MemberProblem("must be an integer from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }
}

extension MemberRule where Value == Timestamp {
    /// ISO 8601 with a zone, from 1970 to 9998.
    public static var time: MemberRule {
        MemberRule { (json, value) throws(MemberProblem) in
            try json.requireString(value)
            guard let time = json.withText(of: value, { Timestamp(parsing: $0) }) else {
                let lacksZone = Timestamp(parsing: json.text(of: value) + "Z") != nil
                throw MemberProblem(
                    lacksZone
                        ? "has no zone: end it with Z or an offset such as +02:00"
                        : "is not an ISO 8601 time with a zone, such as 2026-01-05T10:00:00Z")
            }
            guard (0..<253_370_764_800_000_000).contains(time.microseconds) else {
                throw MemberProblem("must be in the years 1970 to 9998")
            }
            return time
        }
    }
}

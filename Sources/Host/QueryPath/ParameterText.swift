import PluginAPI

/// A parameter's text turned into its type, with the text that stands for it in cache keys.
struct ParameterText: Sendable, Equatable {
    var value: Value
    /// The choices of a `choices` parameter, in the declared order.
    var choices: [String]?
    /// Equal for equal values however they were written. A relative time stays relative, or no two requests would share
    /// an answer.
    var keyText: String
    /// Whether the value depends on when it is read.
    var isRelative = false

    /// Why a text is not a value of its kind: a clause that follows the parameter's name.
    struct Refusal: Error, Equatable {
        var detail: String
    }

    /// - Parameter now: What relative times count from.
    init(parsing text: String, as kind: Parameter.Kind, now: Timestamp) throws(Refusal) {
        guard !text.isEmpty else { throw Refusal(detail: "is empty") }
        switch kind {
        case .text(let maxBytes): self = try .bounded(text, maxBytes)
        case .id: self = try .printable(text, 0x21...0x7E, 128, "printable ASCII without space")
        case .symbol: self = try .printable(text, 0x20...0x7E, 64, "printable ASCII")
        case .integer(let range): self = try .integer(text, range)
        case .decimal(let range): self = try .decimal(text, range)
        case .boolean: self = try .boolean(text)
        case .time: self = try .time(text, now)
        case .duration: self = try .duration(text)
        case .choice(let choices): self = try .choice(text, choices)
        case .choices(let choices): self = try .choices(text, choices)
        @unknown default: throw Refusal(detail: "is of a kind that this host does not know")
        }
    }

    /// A time this long before `now`.
    init(ago duration: Duration, now: Timestamp) {
        self.init(.timestamp(now - duration), key: "-\(duration.wholeMicroseconds)")
        isRelative = true
    }

    private init(_ value: Value, choices: [String]? = nil, key: String) {
        self.value = value
        self.choices = choices
        self.keyText = key
    }
}

extension ParameterText {
    private static func bounded(_ text: String, _ bytesMax: Int) throws(Refusal) -> ParameterText {
        guard text.utf8.count <= bytesMax else { throw Refusal(detail: "is longer than \(bytesMax) bytes") }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw Refusal(detail: "has a control character")
        }
        return ParameterText(.text(text), key: text)
    }

    private static func printable(
        _ text: String,
        _ range: ClosedRange<UInt8>,
        _ bytesMax: Int,
        _ alphabet: String
    ) throws(Refusal) -> ParameterText {
        guard text.utf8.count <= bytesMax, text.utf8.allSatisfy(range.contains) else {
            throw Refusal(detail: "must be 1 to \(bytesMax) bytes of \(alphabet)")
        }
        return ParameterText(.text(text), key: text)
    }

    private static func integer(_ text: String, _ range: ClosedRange<Int64>) throws(Refusal) -> ParameterText {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw Refusal(detail: "is not an integer")
        }
        // Digits that do not fit are out of any range.
        guard let number = Int64(text), range.contains(number) else {
            throw Refusal(detail: "must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return ParameterText(.integer(number), key: String(number))
    }

    private static func decimal(_ text: String, _ range: ClosedRange<FixedDecimal>) throws(Refusal) -> ParameterText {
        let number: FixedDecimal
        do { number = try FixedDecimal(parsing: text) } catch { throw Refusal(detail: error.detail) }
        guard range.contains(number) else {
            throw Refusal(detail: "must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return ParameterText(.decimal(number), key: number.normalized.description)
    }

    private static func boolean(_ text: String) throws(Refusal) -> ParameterText {
        switch text {
        case "true": ParameterText(.boolean(true), key: text)
        case "false": ParameterText(.boolean(false), key: text)
        default: throw Refusal(detail: "must be true or false")
        }
    }

    private static func time(_ text: String, _ now: Timestamp) throws(Refusal) -> ParameterText {
        if text.utf8.first == UInt8(ascii: "-"), let length = DurationText(parsing: text.dropFirst()) {
            guard let duration = length.duration else { throw Refusal(detail: DurationText.outOfRange) }
            return ParameterText(ago: duration, now: now)
        }
        if let time = Timestamp(parsing: text) {
            return ParameterText(.timestamp(time), key: String(time.microseconds) + "us")
        }
        // A plus sign that was not encoded arrives as a space.
        if let space = text.lastIndex(of: " "),
            Timestamp(parsing: text.replacingSpace(at: space, with: "+")) != nil
        {
            throw Refusal(detail: "has a space where its zone begins: send + as %2B")
        }
        throw Refusal(
            detail: "must be an ISO 8601 time with a zone, like 2026-01-05T10:00:00Z, or a relative one, like -30d")
    }

    private static func duration(_ text: String) throws(Refusal) -> ParameterText {
        guard let length = DurationText(parsing: text[...]) else {
            throw Refusal(detail: "must be a duration like 90s, 5m, 2h or 1d")
        }
        guard let duration = length.duration else { throw Refusal(detail: DurationText.outOfRange) }
        return ParameterText(.integer(duration.wholeMicroseconds), key: String(duration.wholeMicroseconds))
    }

    private static func choice(_ text: String, _ choices: [String]) throws(Refusal) -> ParameterText {
        guard choices.contains(where: { $0.utf8.elementsEqual(text.utf8) }) else {
            throw Refusal(detail: "must be one of \(choices.joined(separator: ", "))")
        }
        return ParameterText(.text(text), key: text)
    }

    private static func choices(_ text: String, _ choices: [String]) throws(Refusal) -> ParameterText {
        var chosen: Set<Int> = []
        for part in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard let index = choices.firstIndex(where: { $0.utf8.elementsEqual(part) }) else {
                throw Refusal(detail: "must be a comma list of \(choices.joined(separator: ", "))")
            }
            guard chosen.insert(index).inserted else { throw Refusal(detail: "names \(choices[index]) twice") }
        }
        let ordered = chosen.sorted().map { choices[$0] }
        let key = ordered.joined(separator: ",")
        return ParameterText(.text(key), choices: ordered, key: key)
    }
}

extension String {
    fileprivate func replacingSpace(at index: Index, with character: Character) -> String {
        var copy = self
        copy.replaceSubrange(index...index, with: [character])
        return copy
    }
}

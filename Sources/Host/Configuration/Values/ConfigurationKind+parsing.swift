import PluginAPI

extension ConfigurationKind {
    /// Whether the kind's value is one text, in contrast to keys or items.
    var isScalar: Bool {
        switch self {
        case .section, .mapping, .list, .either: false
        default: true
        }
    }

    /// Whether quotes around the value make it another thing: `"8000"` is text.
    var refusesQuotes: Bool {
        switch self {
        case .boolean, .integer, .decimal: true
        default: false
        }
    }

    /// Reads a scalar.
    func value(of text: String) throws(ValueProblem) -> ConfigurationValue {
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw ValueProblem("has a control character in it")
        }
        switch self {
        case .text: return .text(text)
        case .path: return .text(try ConfigurationKind.path(text))
        case .boolean: return .boolean(try ConfigurationKind.boolean(text))
        case .integer(let range): return .integer(try ConfigurationKind.integer(text, in: range))
        case .decimal(let range): return .decimal(try ConfigurationKind.decimal(text, in: range))
        case .percentage(let range): return .decimal(try ConfigurationKind.percentage(text, in: range))
        case .duration(let range): return .duration(try ConfigurationKind.duration(text, in: range))
        case .size(let range): return .size(try ConfigurationKind.size(text, in: range))
        case .choice(let names): return .text(try ConfigurationKind.choice(text, of: names))
        case .notation(let notation): return .text(try ConfigurationKind.notation(text, notation))
        case .section, .mapping, .list, .either: throw ValueProblem("is one value where \(phrase) should be")
        @unknown default: throw ValueProblem("is of a kind that this host does not know")
        }
    }

    private static func path(_ text: String) throws(ValueProblem) -> String {
        guard !text.isEmpty else { throw ValueProblem("is no path") }
        return text
    }

    private static func boolean(_ text: String) throws(ValueProblem) -> Bool {
        switch text {
        case "true": return true
        case "false": return false
        default: throw ValueProblem("is not a truth value", hint: "write true or false")
        }
    }

    private static func integer(_ text: String, in range: ClosedRange<Int>) throws(ValueProblem) -> Int {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        let isWhole =
            !digits.isEmpty && text.utf8.count - digits.count < 2
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isWhole, digits.count == 1 || digits.first != UInt8(ascii: "0") else {
            throw ValueProblem("is not a whole number", hint: "write digits only")
        }
        guard let number = Int(text), range.contains(number) else { throw outOfRange(range.phrase) }
        return number
    }

    private static func decimal(
        _ text: String,
        in range: ClosedRange<FixedDecimal>
    ) throws(ValueProblem) -> FixedDecimal {
        let number: FixedDecimal
        do {
            number = try FixedDecimal(parsing: text)
        } catch {
            throw ValueProblem(error.detail)
        }
        guard range.contains(number) else { throw outOfRange(range.phrase) }
        return number
    }

    private static func percentage(
        _ text: String,
        in range: ClosedRange<FixedDecimal>
    ) throws(ValueProblem) -> FixedDecimal {
        guard text.hasSuffix("%") else {
            throw ValueProblem("is not a percentage", hint: "write a number and %, such as 15%")
        }
        let number: FixedDecimal
        do {
            number = try FixedDecimal(parsing: text.dropLast())
        } catch {
            throw ValueProblem("is not a percentage", hint: "write a number and %, such as 15%")
        }
        guard range.contains(number) else { throw outOfRange(range.percentPhrase) }
        return number
    }

    private static func duration(_ text: String, in range: ClosedRange<Duration>) throws(ValueProblem) -> Duration {
        let milliseconds = try QuantityText.milliseconds.parse(text)
        guard milliseconds <= range.upperBound.wholeMilliseconds, range.contains(.milliseconds(milliseconds)) else {
            throw outOfRange(range.phrase)
        }
        return .milliseconds(milliseconds)
    }

    private static func size(_ text: String, in range: ClosedRange<Int>) throws(ValueProblem) -> Int {
        let bytes = try QuantityText.bytes.parse(text)
        guard range.contains(bytes) else { throw outOfRange(range.sizePhrase) }
        return bytes
    }

    private static func choice(_ text: String, of names: [String]) throws(ValueProblem) -> String {
        guard names.contains(where: { $0.utf8.elementsEqual(text.utf8) }) else {
            let list = "it is one of \(names.joined(separator: ", "))"
            guard let nearest = NearestName.of(text, among: names) else {
                throw ValueProblem("is not known", hint: list)
            }
            throw ValueProblem("is not known", hint: "did you mean `\(nearest)`? \(list)")
        }
        return text
    }

    private static func notation(_ text: String, _ notation: ConfigurationNotation) throws(ValueProblem) -> String {
        guard let problem = notation.problem(text) else { return text }
        let examples = notation.examples.joined(separator: ", ")
        throw ValueProblem(
            "is not \(notation.name): it \(problem)", hint: examples.isEmpty ? nil : "write it like \(examples)")
    }

    private static func outOfRange(_ range: String) -> ValueProblem {
        ValueProblem("is out of range", hint: "it goes from \(range)")
    }
}

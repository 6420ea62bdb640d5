/// A whole number with a unit after it, such as `10s` and `64MiB`.
struct QuantityText {
    struct Unit {
        var name: String
        var factor: Int
    }

    /// From small to large.
    let units: [Unit]
    /// `a duration`
    let name: String
    let example: String
    /// Whether a number alone is in the smallest unit.
    let unitIsOptional: Bool

    static let milliseconds = QuantityText(
        units: [
            Unit(name: "ms", factor: 1), Unit(name: "s", factor: 1000), Unit(name: "m", factor: 60_000),
            Unit(name: "h", factor: 3_600_000), Unit(name: "d", factor: 86_400_000),
        ],
        name: "a duration", example: "10s", unitIsOptional: false
    )

    static let bytes = QuantityText(
        units: [
            Unit(name: "", factor: 1), Unit(name: "KiB", factor: 1 << 10), Unit(name: "MiB", factor: 1 << 20),
            Unit(name: "GiB", factor: 1 << 30),
        ],
        name: "a size", example: "64MiB", unitIsOptional: true
    )

    var unitNames: [String] { units.map(\.name).filter { !$0.isEmpty } }

    /// A regular expression for JSON Schema.
    var pattern: String { "^[0-9]+(\(unitNames.joined(separator: "|")))\(unitIsOptional ? "?" : "")$" }

    /// The number of smallest units.
    func parse(_ text: String) throws(ValueProblem) -> Int {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let unitText = String(Substring(text.utf8.dropFirst(digits.count)))
        guard !digits.isEmpty, !unitText.hasPrefix(".") else {
            throw ValueProblem("is not \(name)", hint: "write a whole number and a unit, such as \(example)")
        }
        if unitText.isEmpty, !unitIsOptional {
            throw ValueProblem("has no unit", hint: "write one of \(unitNames.joined(separator: ", ")) after it")
        }
        guard let unit = units.first(where: { $0.name.utf8.elementsEqual(unitText.utf8) }) else {
            throw ValueProblem(
                "has an unknown unit `\(unitText)`", hint: "the units are \(unitNames.joined(separator: ", "))")
        }
        guard let number = Int(Substring(digits)),
            case let (product, overflow) =
                number.multipliedReportingOverflow(by: unit.factor), !overflow
        else { throw ValueProblem("is out of range") }
        return product
    }

    /// The quantity in the largest unit that holds it without a rest.
    func format(_ amount: Int) -> String {
        guard amount != 0, let unit = units.last(where: { amount % $0.factor == 0 }) else {
            return unitIsOptional ? "0" : "0s"
        }
        return "\(amount / unit.factor)\(unit.name)"
    }
}

extension Duration {
    /// Whole milliseconds; what is finer is dropped, and what does not fit is the largest there is.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? .max : Int(product) + Int(attoseconds / 1_000_000_000_000_000)
    }
}

import PluginAPI
import TradingBook

/// One difference of a break as it was stored, with its values as the JSON that was written.
struct StoredDifference: Sendable, Equatable {
    var field: String?
    var breakClass: BreakClass
    /// A number or a string; `nil` when the side has no such value.
    var ours: JSONValue?
    var broker: JSONValue?
    /// The broker's less ours; `nil` unless both are numbers.
    var delta: JSONValue?
    /// `buy` or `sell` of a row that stands alone; `nil` for others, and for those stored before it was.
    var direction: String?
    /// How many equal rows a duplicate stands for; `nil` for others, and for those stored one by one before they were counted.
    var repeats: Int?

    /// The differences of a break, in their order.
    ///
    /// - Parameter json: As ``FoundBreak/differencesJSON`` writes it.
    static func list(_ json: String) throws -> [StoredDifference] {
        guard case .array(let elements) = try JSONValue(parsing: json.utf8) else { throw damaged }
        return try elements.map { element in
            guard case .string(let name)? = element["class"], let breakClass = BreakClass(rawValue: name) else {
                throw damaged
            }
            var field: String?
            if case .string(let text)? = element["field"] { field = text }
            var direction: String?
            if case .string(let text)? = element["direction"] { direction = text }
            var repeats: Int?
            if case .number(let digits)? = element["repeats"] { repeats = Int(digits) }
            return StoredDifference(
                field: field, breakClass: breakClass, ours: value(element["ours"]), broker: value(element["broker"]),
                delta: value(element["delta"]), direction: direction, repeats: repeats)
        }
    }

    private static var damaged: StorageError { .statement("a stored break's differences cannot be read") }

    private static func value(_ value: JSONValue?) -> JSONValue? {
        switch value {
        case .number?, .string?: value
        default: nil
        }
    }
}

extension JSONWriter {
    /// A value of a difference as it stands, or null.
    mutating func cell(_ name: String, _ value: JSONValue?) {
        key(name)
        switch value {
        case .string(let text)?: string(text)
        case .number(let digits)?: raw(digits.utf8)
        default: null()
        }
    }
}

extension FoundBreak {
    /// The break's differences as they are stored and as the API shows them: a JSON array.
    package var differencesJSON: String {
        var json = JSONWriter()
        json.array(of: differences) { json, difference in
            json.object {
                $0.field("field", difference.field?.rawValue)
                $0.field("class", difference.breakClass.rawValue)
                $0.cell("ours", difference.ours)
                $0.cell("broker", difference.broker)
                $0.cell("delta", difference.delta)
                if let direction = difference.direction { $0.field("direction", direction.rawValue) }
                if let repeats = difference.repeats { $0.field("repeats", repeats) }
            }
        }
        return json.text
    }
}

extension JSONWriter {
    fileprivate mutating func cell(_ name: String, _ cell: Difference.Cell?) {
        key(name)
        if let cell { raw(cell.json.utf8) } else { null() }
    }
}

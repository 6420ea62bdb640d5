import PluginAPI

/// What answers are made of, each written by itself.
enum WrittenPart: String, CaseIterable {
    case key, text, decimal, integer, timestamp

    /// How many bytes it makes, written so many times.
    func written(times: Int) -> Int {
        var json = JSONWriter(reservingCapacity: times * 32)
        for number in 0..<times { write(number, to: &json) }
        return json.bytes.count
    }

    private func write(_ number: Int, to json: inout JSONWriter) {
        switch self {
        case .key: json.key("unrealized_pnl_pct")
        case .text: json.string("position-0001-1000001")
        case .decimal: json.decimal(FixedDecimal(storedUnits: 108_345_000 + Int64(number) * 1_000), digits: 5)
        case .integer: json.integer(10_000_000 + Int64(number))
        case .timestamp:
            json.timestamp(Timestamp(microseconds: 1_767_693_600_123_000 + Int64(number) * 61_000_000))
        }
    }
}

import PluginAPI

/// One page of closed positions.
struct ClosedPositions {
    private let positions: [PositionRow]
    /// The last position of this page, when there is another page behind it.
    private let lastOfMany: PositionRow?

    /// - Parameter rows: Up to one row more than `limit`.
    init(_ rows: Rows, limit: Int) {
        positions = rows.prefix(limit).compactMap(PositionRow.init)
        lastOfMany = rows.count > limit ? positions.last : nil
    }

    func reply(for request: Request) -> Reply {
        Reply { (json: inout JSONWriter) in
            json.arrayField("positions", of: positions) { json, position in
                json.object { json in
                    position.writeFields(to: &json)
                    position.writeClosing(to: &json)
                }
            }
            json.field("next_cursor", lastOfMany.map { request.cursor(after: $0.closedPlace) })
        }
    }

    /// - Throws: 400 when the range ends before it begins.
    static func checkRange(of request: Request) throws(Problem) {
        guard let from = request.time("from"), let to = request.time("to"), to < from else { return }
        throw .badParameter("to", "is before from")
    }

    static let schema: Schema = .object([
        "positions": .array(PositionRow.schema(PositionRow.fields + PositionRow.closingFields)),
        "next_cursor": .optional(.text),
    ])
}

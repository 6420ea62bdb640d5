import PluginAPI
import TradingBook

/// What an agent asks for when it leases close commands.
struct LeaseBody: Sendable, Equatable {
    var account: String
    var limit: Int64
    /// How long it wants to have them.
    var time: Duration

    static let secondsMax: Int64 = 3_600

    static func parse(_ bytes: [UInt8]) throws(Problem) -> LeaseBody {
        try JSONBody.read(bytes, fields: ["account_id", "limit", "seconds"], as: "lease") { body in
            let account = body.required("account_id", .id)
            let limit = body.required("limit", .integer(1...500))
            let seconds = body.required("seconds", .integer(1...secondsMax))
            guard let account, let limit, let seconds else { return nil }
            return LeaseBody(account: account, limit: limit, time: .seconds(seconds))
        }
    }

    static let schema = BodySchema(
        schema: .object(["account_id": .text, "limit": .integer, "seconds": .integer]))
}

/// How an agent has closed a position.
struct ConfirmBody: Sendable, Equatable {
    var closePrice: FixedDecimal
    var closedAt: Timestamp

    static func parse(_ bytes: [UInt8]) throws(Problem) -> ConfirmBody {
        try JSONBody.read(bytes, fields: ["close_price", "closed_at"], as: "confirmation") { body in
            let price = body.required("close_price", .positive)
            let time = body.required("closed_at", .time)
            guard let price, let time else { return nil }
            return ConfirmBody(closePrice: price, closedAt: time)
        }
    }

    static let schema = BodySchema(schema: .object(["close_price": .decimal, "closed_at": .timestamp]))
}

/// Why an agent could not close a position.
struct FailBody: Sendable, Equatable {
    var reason: String

    static let reasonBytesMax = 1_024

    static func parse(_ bytes: [UInt8]) throws(Problem) -> FailBody {
        try JSONBody.read(bytes, fields: ["reason"], as: "failure") { body in
            body.required("reason", .note(bytesMax: reasonBytesMax)).map(FailBody.init)
        }
    }

    static let schema = BodySchema(schema: .object(["reason": .text]))
}

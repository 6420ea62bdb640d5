import PluginAPI

/// The account that a statement's request describes, for when there is none yet: hedging, its snapshots come by hand.
enum NewAccount {
    /// - Returns: `nil` when the request does not ask for one.
    /// - Throws: 400 naming what is missing or wrong.
    static func described(by request: Request, id: String) throws(Problem) -> Account? {
        guard let user = request.text("user_id") else { return nil }
        guard let code = request.text("currency") else { throw missing("currency", id) }
        guard let currency = Currency(code.uppercased()) else {
            throw .badParameter("currency", "is not an ISO 4217 currency code, such as EUR")
        }
        guard let timeZone = request.text("time_zone") else { throw missing("time_zone", id) }
        guard TimeZoneRule(parsing: timeZone) != nil else {
            throw .badParameter(
                "time_zone",
                "is not a time zone: an IANA name, UTC+02:00, or an IANA name with an offset such as "
                    + "America/New_York+07:00")
        }
        return Account(
            id: id, user: user, mode: .hedging, currency: currency.code, currencyDigits: currency.digits,
            timeZone: timeZone, broker: nil, login: nil, snapshotInterval: nil)
    }

    private static func missing(_ name: String, _ id: String) -> Problem {
        .badParameter(name, "is missing: account \(id) is new")
    }
}

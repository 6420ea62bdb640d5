import PluginAPI

/// Reads what `PUT /accounts/{id}` takes.
enum AccountBody {
    static let fields = ["user_id", "mode", "currency", "time_zone", "broker", "login", "snapshot_interval"]

    static func parse(_ bytes: [UInt8], id: String) throws(Problem) -> Account {
        try JSONBody.read(bytes, fields: fields, as: "account") { read(&$0, id: id) }
    }

    private static func read(_ reader: inout ObjectReader, id: String) -> Account? {
        let user = reader.required("user_id", .id)
        let mode = reader.optional("mode", MemberRule<Account.Mode>.choice) ?? .hedging
        let currency = reader.required("currency", .currency)
        let timeZone = reader.optional("time_zone", .timeZone)
        let broker = reader.optional("broker", .text(bytesMax: 128, isEmptyAllowed: false))
        let login = reader.optional("login", .text(bytesMax: 64, isEmptyAllowed: false))
        let interval = reader.optional("snapshot_interval", .snapshotInterval) ?? .default
        guard let user, let currency else { return nil }
        return Account(
            id: id, user: user, mode: mode, currency: currency.code, currencyDigits: currency.digits,
            timeZone: timeZone, broker: broker, login: login, snapshotInterval: interval.duration)
    }
}

extension MemberRule where Value == Currency {
    static var currency: MemberRule {
        string { text throws(MemberProblem) in
            guard let currency = Currency(text) else {
                throw MemberProblem("is not an ISO 4217 currency code in upper case, such as EUR")
            }
            return currency
        }
    }
}

extension MemberRule where Value == SnapshotInterval {
    static var snapshotInterval: MemberRule {
        string { text throws(MemberProblem) in
            guard let interval = SnapshotInterval(parsing: text) else {
                throw MemberProblem("must be a duration from 100ms to 7d, such as 10s, or manual")
            }
            return interval
        }
    }
}

extension MemberRule where Value == String {
    static var timeZone: MemberRule {
        string { text throws(MemberProblem) in
            guard text.utf8.count <= 128, TimeZoneRule(parsing: text) != nil else {
                throw MemberProblem(
                    "is not a time zone: an IANA name, UTC+02:00, or an IANA name with an offset such as "
                        + "America/New_York+07:00")
            }
            return text
        }
    }
}

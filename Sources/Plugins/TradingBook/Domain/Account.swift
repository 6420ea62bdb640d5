/// A trading account at a broker: whose it is and how its book is kept.
public struct Account: Sendable, Equatable {
    /// 1…128 bytes of printable ASCII without space.
    public var id: String
    /// The owner.
    public var user: String
    public var mode: Mode
    /// ISO 4217 code, upper case.
    public var currency: String
    /// Decimals of the currency: 2, or 0 for JPY and its like.
    public var currencyDigits: Int
    /// An IANA name, `UTC±HH:MM`, or an IANA name with an offset; needed to import statements.
    public var timeZone: String?
    public var broker: String?
    /// The broker's account number, checked against statements.
    public var login: String?
    /// How often a snapshot is expected; `nil` is `manual`: neither snapshot nor quotes are ever stale.
    public var snapshotInterval: Duration?

    public enum Mode: String, Sendable, CaseIterable {
        /// Positions stay apart and are paired one by one.
        case hedging
        /// One position an instrument; rows are summed before they are compared.
        case netting
    }

    public init(
        id: String,
        user: String,
        mode: Mode = .hedging,
        currency: String,
        currencyDigits: Int = 2,
        timeZone: String? = nil,
        broker: String? = nil,
        login: String? = nil,
        snapshotInterval: Duration? = .seconds(10)
    ) {
        self.id = id
        self.user = user
        self.mode = mode
        self.currency = currency
        self.currencyDigits = currencyDigits
        self.timeZone = timeZone
        self.broker = broker
        self.login = login
        self.snapshotInterval = snapshotInterval
    }
}

import PluginAPI

/// Whose statement it is, and of when.
struct MT4Heading {
    var login: String
    var currency: String
    var asOf: Timestamp

    private static let accountLabels = ["Account:", "A/C No:"]

    static func isHeading(_ row: HTMLRow) -> Bool {
        guard let first = row.shown.first else { return false }
        return accountLabels.contains { first.text.hasPrefix($0) }
    }

    /// `nil` when something is missing or unreadable, which `problems` then holds.
    init?(_ row: HTMLRow, timeZone: TimeZoneRule, problems: inout FileProblems) {
        let login = MT4Heading.accountLabels.lazy.compactMap { MT4Heading.value($0, in: row) }.first
        let currency = MT4Heading.value("Currency:", in: row)
        let civil = row.shown.last.flatMap { MT4Text.headingTime($0.text) }.flatMap {
            MT4Text.years.contains($0.year) ? $0 : nil
        }
        func refuse(_ detail: String) { problems.add(.init(line: row.line, section: "Heading", detail: detail)) }

        let isLogin = login.map {
            $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && (1...20).contains($0.utf8.count)
        }
        if isLogin != true { refuse("lacks the account's number") }
        let isCurrency = currency.map { $0.utf8.count == 3 && $0.utf8.allSatisfy { (0x41...0x5A).contains($0) } }
        if isCurrency != true { refuse("lacks the account's currency, three capital letters") }
        if civil == nil { refuse("lacks the statement's time, written like 2025 May 30, 16:00") }

        guard isLogin == true, isCurrency == true, let login, let currency, let civil else { return nil }
        self.login = login
        self.currency = currency
        asOf = timeZone.timestamp(of: civil)
    }

    private static func value(_ label: String, in row: HTMLRow) -> String? {
        guard let cell = row.shown.first(where: { $0.text.hasPrefix(label) }) else { return nil }
        return String(cell.text.dropFirst(label.count).drop { $0 == " " })
    }
}

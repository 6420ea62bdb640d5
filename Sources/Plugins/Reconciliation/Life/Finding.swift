/// A break that a comparison found, as it is known and stored in its account.
struct Finding: Sendable {
    let found: FoundBreak
    let id: String
    /// As ``FoundBreak/differencesJSON`` writes them.
    let differences: String

    init(_ found: FoundBreak, of account: String) {
        self.found = found
        id = BreakLife.id(account: account, key: found.key)
        differences = found.differencesJSON
    }
}

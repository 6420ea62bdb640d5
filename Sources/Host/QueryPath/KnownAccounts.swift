import MemoryBytes
import PluginAPI
import Synchronization

/// Remembers whose accounts are whose, so that a cache hit needs no storage at all.
///
/// What a write announces by `user:` and `account:` tags is forgotten at once, and all of it by ``CacheTag/directory``.
/// Accounts that do not exist are not remembered: nobody can fill the memory with invented IDs.
final class KnownAccounts: Sendable {
    private struct State {
        var owners: TwoGenerations<String, String>
        var accounts: TwoGenerations<String, [String]>
        /// Counts what has been forgotten: a look-up that began before must not put back what it read then.
        var forgotten: UInt64 = 0
    }

    private let directory: any AccountDirectory
    private let state: Mutex<State>

    /// - Parameter bytesMax: What all of it may take in memory, half of it for accounts' owners and half for users' accounts.
    init(directory: any AccountDirectory, bytesMax: Int = 6 << 20) {
        self.directory = directory
        state = Mutex(
            State(
                owners: TwoGenerations(bytesMax: bytesMax / 2) { MemoryBytes.outside($0) + MemoryBytes.outside($1) },
                accounts: TwoGenerations(bytesMax: bytesMax / 2) { user, accounts in
                    accounts.reduce(MemoryBytes.outside(user) + MemoryBytes.outside(accounts)) {
                        $0 + MemoryBytes.outside($1)
                    }
                }))
    }

    /// Users whose accounts are known, and accounts whose owner is.
    var count: Int { state.withLock { $0.owners.count + $0.accounts.count } }

    /// The owner of an account, or `nil` when there is no such account.
    func owner(of account: String) async throws(StorageError) -> String? {
        let (known, forgotten) = state.withLock { ($0.owners.value(for: account), $0.forgotten) }
        if let known { return known }
        guard let owner = try await directory.owner(of: account) else { return nil }
        state.withLock { if $0.forgotten == forgotten { $0.owners.set(owner, for: account) } }
        return owner
    }

    /// The accounts of a user, sorted.
    func accounts(of user: String) async throws(StorageError) -> [String] {
        let (known, forgotten) = state.withLock { ($0.accounts.value(for: user), $0.forgotten) }
        if let known { return known }
        let accounts = try await directory.accounts(of: user)
        state.withLock { if $0.forgotten == forgotten { $0.accounts.set(accounts, for: user) } }
        return accounts
    }

    func forget(_ tags: [CacheTag]) {
        state.withLock { state in
            for tag in tags {
                switch tag.kind {
                case "user": state.accounts.remove(tag.id)
                case "account": state.owners.remove(tag.id)
                case CacheTag.everything.kind, CacheTag.directory.kind:
                    state.accounts.removeAll()
                    state.owners.removeAll()
                default: continue
                }
                state.forgotten += 1
            }
        }
    }
}

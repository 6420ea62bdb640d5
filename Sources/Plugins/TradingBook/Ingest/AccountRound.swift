import PluginAPI

/// Scheduled work of many accounts, on any number of hosts at once: an account that somebody holds keeps no other waiting.
///
/// First comes every account that is free. Those that were held then get a moment each, so that one under constant load has
/// its turn too, while one that a frozen host holds costs that moment and stays due.
public enum AccountRound {
    /// How long a round waits for one account that was held.
    static let patience: Duration = .seconds(1)

    /// An account that was not done.
    public struct Failure {
        public let account: String
        public let error: any Error
    }

    /// - Parameters:
    ///   - deadline: Accounts that are not reached by then stay due.
    ///   - work: Does what is due to an account, its row taken with that patience until that deadline.
    ///     Answers whether it got the row.
    /// - Returns: What kept single accounts from being done.
    /// - Throws: At once what every other account would meet too.
    public static func run(
        _ accounts: [String],
        deadline: ContinuousClock.Instant,
        _ work: (String, AccountLock.Patience, ContinuousClock.Instant) async throws -> Bool
    ) async throws -> [Failure] {
        var held: [String] = []
        var failures: [Failure] = []
        for account in accounts where ContinuousClock.now < deadline {
            do {
                if try await !work(account, .ifFree, deadline) { held.append(account) }
            } catch let error as StorageError where error.isOfEverybody {
                throw error
            } catch {
                failures.append(Failure(account: account, error: error))
            }
        }
        for account in held where ContinuousClock.now < deadline {
            do {
                _ = try await work(account, .waiting, min(deadline, .now + patience))
            } catch StorageError.timedOut {
                continue
            } catch {
                failures.append(Failure(account: account, error: error))
            }
        }
        return failures
    }
}

extension StorageError {
    /// Whether the next account would meet it too.
    fileprivate var isOfEverybody: Bool {
        switch self {
        case .unavailable, .timedOut, .full: true
        case .constraint, .statement: false
        @unknown default: true
        }
    }
}

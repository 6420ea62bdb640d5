import PluginAPI

/// Invalidations that Redis has not taken. While there are any, what Redis keeps may be older than what this host has
/// written, and it is not asked.
///
/// Bounded: beyond ``tagsMax`` tags all that is owed is one invalidation of everything.
struct OwedInvalidations: Sendable {
    static let tagsMax = 4_096

    /// Each tag with the number of the debt, so that one made while an older one is being paid is kept.
    private var debts: [CacheTag: UInt64] = [:]
    private var last: UInt64 = 0

    var isEmpty: Bool { debts.isEmpty }

    mutating func add(_ tags: [CacheTag]) {
        last += 1
        for tag in tags { debts[tag] = last }
        if debts.count > OwedInvalidations.tagsMax { debts = [.everything: last] }
    }

    /// What is owed, and the number to settle it by.
    var all: (tags: [CacheTag], upTo: UInt64) { (Array(debts.keys), last) }

    mutating func settle(upTo number: UInt64) { debts = debts.filter { $0.value > number } }
}

/// Keyless rows that are equal in instrument, side, volume, price and second: as a multiset they pair when both sides
/// have equally many.
///
/// Then which row stands with which changes nothing that is compared but stops and targets, so the pairs in which these
/// agree are made first. With unequal counts each row of the smaller side has several equally good partners, and nobody
/// can say who is missing: all are undecided. So are more equal rows than `candidatesMax`, whatever their counts.
struct ExactGroup {
    var ours: [KeylessRow]
    var theirs: [KeylessRow]

    func outcome(candidatesMax: Int) -> LikenessOutcome {
        var outcome = LikenessOutcome()
        for part in parts { part.settle(candidatesMax: candidatesMax, into: &outcome) }
        return outcome
    }

    /// Rows that may be partners, directly or through others. Only a magic number that both carry keeps rows apart, and
    /// a row without one may stand with any: where there is such a row, it holds together all that have a partner.
    private var parts: [ExactGroup] {
        if hasOneMagic { return [self] }
        let ourMagics = Dictionary(grouping: ours, by: \.magic)
        let theirMagics = Dictionary(grouping: theirs, by: \.magic)
        let ourBare = ourMagics[nil] ?? []
        let theirBare = theirMagics[nil] ?? []
        if ourBare.isEmpty, theirBare.isEmpty {
            return ourMagics.keys.compactMap { magic in
                guard let theirs = theirMagics[magic], let ours = ourMagics[magic] else { return nil }
                return ExactGroup(ours: ours, theirs: theirs)
            }
        }
        return [
            ExactGroup(
                ours: ours.filter { !theirBare.isEmpty || $0.magic == nil || theirMagics[$0.magic] != nil },
                theirs: theirs.filter { !ourBare.isEmpty || $0.magic == nil || ourMagics[$0.magic] != nil })
        ]
    }

    private var hasOneMagic: Bool {
        let magic = ours.first?.magic
        return ours.allSatisfy { $0.magic == magic } && theirs.allSatisfy { $0.magic == magic }
    }

    /// Settles rows that hang together.
    private func settle(candidatesMax: Int, into outcome: inout LikenessOutcome) {
        guard !ours.isEmpty, !theirs.isEmpty else { return }
        if ours.count == theirs.count, ours.count <= candidatesMax, let pairs = allPairs() {
            outcome.pairs += pairs
        } else {
            outcome.undecidedTrades += ours.map(\.row)
            outcome.undecidedPositions += theirs.map(\.row)
        }
    }

    /// A partner for every row, or `nil` when magic numbers leave one without: equal magic numbers stand together, and
    /// what one side has too many of takes rows without any.
    private func allPairs() -> [(trade: Int, position: Int)]? {
        if hasOneMagic {
            var all = self
            return all.align()
        }
        var pairs: [(trade: Int, position: Int)] = []
        var ourRest: [KeylessRow] = []
        var theirRest: [KeylessRow] = []
        for magic in Set((ours + theirs).compactMap(\.magic)).sorted() {
            var same = ExactGroup(ours: ours.filter { $0.magic == magic }, theirs: theirs.filter { $0.magic == magic })
            pairs += same.align()
            ourRest += same.ours
            theirRest += same.theirs
        }
        var toTheirBare = ExactGroup(ours: ourRest, theirs: theirs.filter { $0.magic == nil })
        var toOurBare = ExactGroup(ours: ours.filter { $0.magic == nil }, theirs: theirRest)
        pairs += toTheirBare.align()
        pairs += toOurBare.align()
        guard toTheirBare.ours.isEmpty, toOurBare.theirs.isEmpty else { return nil }
        var bare = ExactGroup(ours: toOurBare.ours, theirs: toTheirBare.theirs)
        pairs += bare.align()
        return pairs
    }

    /// Pairs as many rows as the smaller side has and takes them out: equal stops and targets first, the rest in order.
    private mutating func align() -> [(trade: Int, position: Int)] {
        var pairs: [(trade: Int, position: Int)] = []
        ours.sort { ExactGroup.precedes($0, $1) }
        theirs.sort { ExactGroup.precedes($0, $1) }
        var left: [KeylessRow] = []
        for row in ours {
            if let equal = theirs.firstIndex(where: { $0.stop == row.stop && $0.target == row.target }) {
                pairs.append((row.row, theirs.remove(at: equal).row))
            } else {
                left.append(row)
            }
        }
        let count = min(left.count, theirs.count)
        for (our, their) in zip(left, theirs) { pairs.append((our.row, their.row)) }
        ours = Array(left.dropFirst(count))
        theirs = Array(theirs.dropFirst(count))
        return pairs
    }

    private static func precedes(_ a: KeylessRow, _ b: KeylessRow) -> Bool {
        (a.stop, a.target, a.row) < (b.stop, b.target, b.row)
    }
}

/// A set of numbers below a limit that finds the next member in a few steps, however many or few there are.
struct RankSet {
    /// One bit for each number, then one for each word that is not empty, and so on to a single word.
    private var levels: [[UInt64]] = []

    /// - Parameter limit: Members are below it.
    init(limit: Int) {
        var words = limit
        repeat {
            words = max(1, (words + 63) / 64)
            levels.append(Array(repeating: 0, count: words))
        } while words > 1
    }

    mutating func insert(_ number: Int) {
        var number = number
        for level in levels.indices {
            levels[level][number >> 6] |= 1 << UInt64(number & 63)
            number >>= 6
        }
    }

    mutating func remove(_ number: Int) {
        var number = number
        for level in levels.indices {
            levels[level][number >> 6] &= ~(1 << UInt64(number & 63))
            guard levels[level][number >> 6] == 0 else { return }
            number >>= 6
        }
    }

    /// The smallest member that is not below `number`.
    func next(from number: Int) -> Int? {
        var position = number
        for level in levels.indices {
            let word = position >> 6
            guard word < levels[level].count else { return nil }
            let rest = levels[level][word] & (~0 << UInt64(position & 63))
            if rest != 0 { return descend(from: word << 6 + rest.trailingZeroBitCount, level: level) }
            position = word + 1
        }
        return nil
    }

    private func descend(from position: Int, level: Int) -> Int {
        var position = position
        for below in levels[..<level].reversed() {
            position = position << 6 + below[position].trailingZeroBitCount
        }
        return position
    }
}

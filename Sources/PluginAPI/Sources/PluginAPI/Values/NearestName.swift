/// Finds the name that somebody who wrote an unknown one most likely meant.
public enum NearestName {
    /// Longer texts are no misspelt names, and would be slow to compare.
    public static let lengthMax = 64

    /// The nearest of the candidates, `nil` when none is near, because a wild guess helps nobody. Capital letters count as
    /// small ones; of several equally near the first wins.
    public static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        nearest(to: name, among: candidates) { distance, candidate in distance <= reach(candidate) }
    }

    /// The nearest of the candidates, however far; `nil` only when there are none.
    public static func closest(to name: String, among candidates: some Sequence<String>) -> String? {
        let name = String(decoding: name.utf8.prefix(lengthMax), as: UTF8.self)
        return nearest(to: name, among: candidates) { _, _ in true }
    }

    /// How many slips still count as near: one in three letters, and at least one.
    public static func reach(_ name: String) -> Int { max(1, name.utf8.count / 3) }

    /// Damerau and Levenshtein's distance: letters inserted, dropped, replaced, and neighbours swapped; `nil` for texts
    /// too long to be names.
    public static func distance(_ left: String, _ right: String) -> Int? {
        let (a, b) = (Array(left.utf8), Array(right.utf8))
        guard a.count <= lengthMax, b.count <= lengthMax else { return nil }
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i]
            for j in 1...b.count {
                let replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                var least = min(replaced, last[j] + 1, row[j - 1] + 1)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    least = min(least, beforeLast[j - 2] + 1)
                }
                row.append(least)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }

    private static func nearest(
        to name: String,
        among candidates: some Sequence<String>,
        isNear: (Int, String) -> Bool
    ) -> String? {
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            guard let distance = distance(name.lowercased(), candidate.lowercased()), isNear(distance, candidate) else {
                continue
            }
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }
}

/// Finds the name that a misspelt one was probably meant to be.
enum NearestName {
    /// Longer texts are no misspelt names, and would be slow to compare.
    static let lengthMax = 64

    /// The nearest of the candidates, `nil` when none is near. Of several equally near the first wins.
    static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            guard let distance = distance(name.lowercased(), candidate.lowercased()), distance <= reach(candidate)
            else { continue }
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// `did you mean `port`?`, else the list of what there is when it is short.
    static func hint(_ name: String, among candidates: [String]) -> String? {
        if let nearest = of(name, among: candidates) { return "did you mean `\(nearest)`?" }
        guard !candidates.isEmpty else { return nil }
        return "valid here: \(candidates.joined(separator: ", "))"
    }

    /// How many slips still count as near: one in three letters, and at least one.
    static func reach(_ name: String) -> Int { max(1, name.utf8.count / 3) }

    /// Damerau and Levenshtein's distance: letters inserted, dropped, replaced, and neighbours swapped; `nil` for texts
    /// too long to be names.
    static func distance(_ left: String, _ right: String) -> Int? {
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
}

extension NearestName {
    /// The nearest of a few names, if any is near, and all of them.
    static func choiceHint(_ name: String, among names: [String]) -> String {
        let list = "compiled in: \(names.isEmpty ? "none" : names.joined(separator: ", "))"
        return of(name, among: names).map { "did you mean `\($0)`? \(list)" } ?? list
    }
}

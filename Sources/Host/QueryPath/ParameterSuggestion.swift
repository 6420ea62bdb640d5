/// Which valid name somebody who wrote an unknown one meant.
enum ParameterSuggestion {
    /// The name that takes the fewest insertions, deletions and substitutions, the first of several; `nil` only when there
    /// are no names.
    static func nearest(to name: String, among names: [String]) -> String? {
        // Longer names cannot come nearer by what lies beyond this.
        let wanted = Array(name.utf8.prefix(64))
        return names.sorted().map { (name: $0, distance: distance(wanted, Array($0.utf8))) }
            .min { $0.distance < $1.distance }?.name
    }

    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substituted = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}

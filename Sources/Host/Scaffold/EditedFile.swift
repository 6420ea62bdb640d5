/// A source file into which lines are put beside lines that are there.
struct EditedFile {
    private let name: String
    private var lines: [Substring]

    init(_ name: String, _ text: String) {
        self.name = name
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    var text: String { lines.joined(separator: "\n") }

    /// Which line something is put below.
    struct Place {
        fileprivate var begin: String?
        fileprivate var end: String?
        fileprivate var isLine: (Substring) -> Bool

        /// The last line of the file that is such a one.
        static func last(_ isLine: @escaping (Substring) -> Bool) -> Place { Place(isLine: isLine) }

        /// The last such line between the first line that is `begin` and the next that is `end`.
        static func last(
            between begin: String,
            and end: String,
            _ isLine: @escaping (Substring) -> Bool
        ) -> Place {
            Place(begin: begin, end: end, isLine: isLine)
        }
    }

    /// Puts a line above the first line that is such a one; or does nothing when there is none.
    ///
    /// - Returns: Whether it was put.
    mutating func insert(_ line: String, aboveFirst isLine: (Substring) -> Bool) -> Bool {
        guard let index = lines.firstIndex(where: isLine) else { return false }
        lines.insert(Substring(line), at: index)
        return true
    }

    /// - Throws: ``ScaffoldRefusal`` when the file is not laid out as it was when this program was written.
    mutating func insert(_ line: String, below place: Place) throws(ScaffoldRefusal) {
        var range = lines.startIndex..<lines.endIndex
        if let begin = place.begin, let end = place.end {
            guard let from = lines.firstIndex(of: Substring(begin)),
                let to = lines[from...].firstIndex(of: Substring(end))
            else { throw unfamiliar(line) }
            range = from..<to
        }
        guard let index = lines[range].lastIndex(where: place.isLine) else { throw unfamiliar(line) }
        lines.insert(Substring(line), at: index + 1)
    }

    private func unfamiliar(_ line: String) -> ScaffoldRefusal {
        let line = line.drop { $0 == " " }
        return ScaffoldRefusal("\(name) is not laid out as this program knows it: there is no place for `\(line)`")
    }
}

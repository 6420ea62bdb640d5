/// Collects what is wrong with a file, so that it is refused once with everything named.
struct FileProblems {
    /// More than this help nobody; the last one says how many are not listed.
    static let listedMax = 100

    private var listed: [FileRefused.Problem] = []
    private var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func add(_ problem: FileRefused.Problem) {
        count += 1
        if listed.count < FileProblems.listedMax { listed.append(problem) }
    }

    /// - Throws: ``FileRefused`` when there is any problem.
    func throwIfAny() throws(FileRefused) {
        guard !isEmpty else { return }
        let unlisted = count - listed.count
        throw FileRefused(listed + (unlisted > 0 ? [.init(detail: "has \(unlisted) more problems")] : []))
    }
}

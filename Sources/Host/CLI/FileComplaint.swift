import ArgumentParser
import TradingBook

/// Why a file named on the command line is not taken: a line for each problem, as compilers print theirs.
struct FileComplaint: Error, Equatable {
    var lines: [String]

    init(lines: [String]) {
        self.lines = lines
    }

    /// Every problem of a refused file as `file:line:column: section: what`.
    init(_ name: String, _ refused: FileRefused) {
        lines = refused.problems.map { problem in
            let place = [name, problem.line.map(String.init), problem.column.map(String.init)].compactMap(\.self)
            let section = problem.section.map { "\($0): " } ?? ""
            return "\(place.joined(separator: ":")): \(section)\(problem.detail)".printable
        }
    }

    /// Runs `read`; a complaint ends the command with its lines on standard error and exit code 2.
    static func orExit<Content>(_ read: () throws -> Content) throws -> Content {
        do {
            return try read()
        } catch let complaint as FileComplaint {
            complaint.print()
            throw ExitStatus.badInput
        }
    }

    func print() {
        for line in lines { Console.diagnostic(line) }
    }
}

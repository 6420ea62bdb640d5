import Glibc
import PluginAPI
import Reconciliation
import TradingBook

/// Measures the matcher on two generated books of so many rows each:
/// `MatcherBenchmark ticket|reference|exact|close|equal|text [rows] [runs]`.
///
/// Every figure is the median of the runs, in seconds of one core: the time in which the threads ran, so that others on the
/// machine do not count; only the last of `text` is by the clock. Rows count both sides.
@main
struct MatcherBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        let rows = numbers.first ?? 1_000_000
        let runs = numbers.dropFirst().first ?? 5
        switch arguments.first {
        case "text": try await measureText(rows: rows, runs: runs)
        case let name?:
            guard let kind = GeneratedBooks.Kind(rawValue: name) else { fallthrough }
            try measureMatch(GeneratedBooks(rows: rows, kind: kind), runs: runs)
        case nil: throw BenchmarkFailure(problem: "say what to measure: ticket, reference, exact, close, equal or text")
        }
    }

    /// Two prepared books to a classified result, phase by phase.
    private static func measureMatch(_ books: GeneratedBooks, runs: Int) throws {
        let input = books.input
        let memory = try ProcessMemory.peakGrowth { _ = try PositionMatcher().match(input) }
        var samples: [MatchPhase: [Duration]] = [:]
        var totals: [Duration] = []
        var comparisons = 0
        for _ in 0..<runs {
            let start = processTime()
            var last = start
            let result = try PositionMatcher().match(input) { phase in
                let now = processTime()
                samples[phase, default: []].append(now - last)
                last = now
            }
            totals.append(processTime() - start)
            try expect(books.isExpected(result), "the books do not pair as they should")
            comparisons = result.comparisons
        }
        let phases = MatchPhase.allCases.map { "\($0) \(rate(2 * books.rows, median(samples[$0] ?? [])))" }
        print(
            "\(books.kind): \(phases.joined(separator: ", ")), all \(rate(2 * books.rows, median(totals)));",
            "\(comparisons) comparisons, \(memory / (2 * books.rows)) bytes a row")
    }

    /// From the bytes of requests, 20,000 rows each as the contract takes them, to a classified result. Requests are read
    /// in tasks of their own, on as many cores as there are; then one thread compares.
    private static func measureText(rows: Int, runs: Int) async throws {
        let books = GeneratedBooks(rows: rows, kind: .ticket)
        let text = BookText(books)
        var reading: [Duration] = []
        var all: [Duration] = []
        var elapsed: [Duration] = []
        for _ in 0..<runs {
            let begin = ContinuousClock.now
            let (input, readingTime) = try await text.read()
            let start = processTime()
            let result = try PositionMatcher().match(input)
            let matchingTime = processTime() - start
            elapsed.append(ContinuousClock.now - begin)
            reading.append(readingTime)
            all.append(readingTime + matchingTime)
            try expect(result.pairs.count == rows && result.breaks.isEmpty, "the texts do not pair")
        }
        print(
            "text: \(text.bytes / (2 * rows)) bytes of JSON a row, reading \(rate(2 * rows, median(reading))) a core,",
            "to classified \(rate(2 * rows, median(all))) a core, \(rate(2 * rows, median(elapsed))) by the clock")
    }

    /// How long this thread has run.
    static func threadTime() -> Duration { time(of: CLOCK_THREAD_CPUTIME_ID) }

    /// How long all threads have run, together.
    private static func processTime() -> Duration { time(of: CLOCK_PROCESS_CPUTIME_ID) }

    private static func time(of clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func median(_ samples: [Duration]) -> Duration {
        samples.isEmpty ? .zero : samples.sorted()[samples.count / 2]
    }

    /// Rows a second, in millions.
    private static func rate(_ rows: Int, _ time: Duration) -> String {
        let microseconds = max(1, Int(time / .microseconds(1)))
        let hundredths = rows * 100 / microseconds
        let cents = hundredths % 100
        return "\(hundredths / 100).\(cents < 10 ? "0" : "")\(cents) M/s"
    }

    private static func expect(_ holds: Bool, _ problem: String) throws {
        guard holds else { throw BenchmarkFailure(problem: problem) }
    }
}

/// A result that cannot be right: a figure of it would mean nothing.
struct BenchmarkFailure: Error {
    var problem: String
}

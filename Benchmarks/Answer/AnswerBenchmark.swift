import Glibc
import PluginAPI
import PluginTesting
import Positions
import TradingBook

/// What an answer takes of the processor between the storage's rows and the reply's bytes: ten open positions.
@main
struct AnswerBenchmark {
    static let positionsTotal = 10

    static func main() async throws {
        let open = try openPositions()
        let request = Request(
            caller: Caller(subject: "ann", role: .user), user: "ann", accounts: ["account-1"],
            now: Timestamp(seconds: 1_800_000_000), cursors: Unheard())
        let size = try await open.handler(request).body.count
        let answer = try await microseconds(calls: 1_000) { try await open.handler(request) }
        print("an answer of \(size) bytes: \(shown(answer))")
        for part in WrittenPart.allCases {
            let thousand = try await microseconds(calls: 10) { part.written(times: 1_000) }
            print("a thousand times \(part.rawValue): \(shown(thousand))")
        }
    }

    private static func openPositions() throws -> Operation {
        func context(_ required: [String: any Module]) -> ModuleContext {
            ModuleContext(
                logger: Unheard(), metrics: Unheard(), clock: ManualClock(), storage: StillStorage(),
                invalidator: Unheard(), required: required)
        }
        let book = try BookModule(
            configuration: ModuleConfiguration(["instruments": .mapping([:])]), context: context([:]))
        let positions = try PositionsModule(
            configuration: ModuleConfiguration(["timeout": .duration(.seconds(30))]), context: context(["book": book]))
        guard let open = positions.operations.first(where: { $0.name == "open" }) else {
            throw ModuleError.unavailable(reason: "positions has no operation open")
        }
        return open
    }

    /// The processor time of a call in each of 30 rounds of so many: the least and the median, in microseconds.
    private static func microseconds<Result: Sendable>(
        calls: Int,
        _ call: @Sendable () async throws -> Result
    ) async throws -> (least: Double, median: Double) {
        var rounds: [Double] = []
        for _ in 0..<30 {
            let begin = processorTime()
            for _ in 0..<calls { _ = try await call() }
            rounds.append((processorTime() - begin) / Double(calls))
        }
        rounds.sort()
        return (rounds[0], rounds[rounds.count / 2])
    }

    /// Of the whole process, in microseconds.
    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }

    private static func shown(_ time: (least: Double, median: Double)) -> String {
        let (least, median) = ((time.least * 100).rounded() / 100, (time.median * 100).rounded() / 100)
        return "\(least) µs of processor time at least, \(median) in the median"
    }
}

import PluginAPI
import Synchronization

/// Somebody wants the configuration to be read again.
struct ReloadOrder: Sendable {
    /// For the log: `SIGHUP`, or who has asked.
    var reason: String
    /// Whether only the plan is wanted.
    var isDryRun = false
    /// Whether only files of modules are read again, and the configuration stays the one in use.
    var isForModuleFiles = false
    /// When whoever waits for the outcome gives up; `nil` for never.
    var deadline: ContinuousClock.Instant?
    /// Called once all is ready to take over, with the plan and the generation to come; what it throws ends the reload.
    var confirm: @Sendable (_ plan: ReloadPlan, _ generation: Int) async throws -> Void = { _, _ in }

    /// Half of what is left until then, for what may take all of it; `nil` for as long as it takes.
    var patience: Duration? { deadline.map { max(.zero, ($0 - .now) / 2) } }
}

/// What became of a reload that did not fail.
struct ReloadOutcome: Sendable {
    /// The generation in use after it.
    var generation: Int
    var isDryRun: Bool
    var plan: ReloadPlan
    /// What the file is probably not meant to say.
    var warnings: [String]

    func write(to json: inout JSONWriter) {
        json.field("generation", Int64(generation))
        json.field("result", isDryRun ? "planned" : "reloaded")
        json.objectField("plan") { plan.write(to: &$0) }
        json.arrayField("warnings", of: warnings) { $0.string($1) }
    }

    static let schema: Schema = .object([
        "generation": .integer, "result": .choice(["planned", "reloaded"]), "plan": ReloadPlan.schema,
        "warnings": .array(.text),
    ])
}

/// Why the configuration in use was kept.
enum ReloadFailure: Error, CustomStringConvertible {
    /// The file is not good; mend what the report lists.
    case mistakes(ConfigurationReport)
    /// Settings are changed that a running host cannot change; the report lists them. Restart, or put them back.
    case needsRestart(ConfigurationReport)
    /// A module that is made anew does not serve; the reason is its own.
    case notStarted(ModuleDescriptor.ModuleID, reason: String)
    /// What is made beside the configuration could not be.
    case notMade(String)
    /// Only a host that serves reloads, and none on its way down.
    case notServing

    /// Of the report, if there is one.
    var mistakes: [String] {
        switch self {
        case .mistakes(let report), .needsRestart(let report): report.placedErrors.map { $0.report.line($0.mistake) }
        case .notStarted, .notMade, .notServing: []
        }
    }

    var description: String { ([detail] + mistakes).joined(separator: "; ") }

    /// Without the mistakes.
    var detail: String {
        switch self {
        case .mistakes(let report):
            report.placedErrors.count == 1
                ? "The configuration has a mistake" : "The configuration has \(report.placedErrors.count) mistakes"
        case .needsRestart: "The configuration changes what takes a restart to change"
        case .notStarted(let id, let reason): "The module \(id) does not start: \(reason)"
        case .notMade(let reason): "The host cannot be put together: \(reason)"
        case .notServing: "The host is not serving"
        }
    }

    var problem: Problem {
        let kept = "the configuration in use is kept"
        switch self {
        case .mistakes(let report): return .unprocessable("\(detail); \(kept).", errors: report.items)
        case .needsRestart(let report): return .conflict("\(detail); \(kept).", errors: report.items)
        case .notStarted, .notServing: return .unavailable("\(detail); \(kept).", retryAfter: 5)
        case .notMade:
            return Problem(status: 500, title: "Internal server error", detail: "\(detail); \(kept).")
        }
    }
}

extension ConfigurationReport {
    /// A mistake or a warning in one line, with its place.
    func line(_ mistake: ConfigurationMistake) -> String {
        let place = mistake.origin.place(inFile: source.name)
        return "\(place): \(mistake.severity.rawValue): \(mistake.sentence.printable)"
    }

    /// Every mistake for a problem document, at most as many as are worth reading.
    fileprivate var items: [Problem.Item] {
        placedErrors.prefix(100).map { report, mistake in
            let pointer = mistake.path.split(separator: ".").map { "/\($0)" }.joined()
            return Problem.Item(.pointer(pointer), report.line(mistake))
        }
    }
}

/// Where a reload is asked for, by whoever wants one: operators, a signal, what watches files. Open while the host serves.
final class ReloadDesk: Sendable {
    typealias Reloading = @Sendable (ReloadOrder) async throws -> ReloadOutcome

    private let reloading = Mutex<Reloading?>(nil)

    func open(_ reloading: @escaping Reloading) { self.reloading.withLock { $0 = reloading } }

    /// Reads the configuration again and makes it the one in use, one reload after the other.
    ///
    /// - Throws: ``ReloadFailure``, or what `confirm` throws; the configuration in use is kept then.
    func reload(_ order: ReloadOrder) async throws -> ReloadOutcome {
        guard let reloading = reloading.withLock({ $0 }) else { throw ReloadFailure.notServing }
        return try await reloading(order)
    }

    /// For those who need no answer: it is in the log.
    func reload(reason: String) async { _ = try? await reload(ReloadOrder(reason: reason)) }
}

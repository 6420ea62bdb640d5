import NIOPosix
import PluginAPI
import Synchronization

/// The configurations of a running host, one after the other: the one in use, and the way to the next.
///
/// ```
/// read ► check ► build beside the old ► start, probe ► confirm ► swap ► old requests end ► drain, stop what is left
///   └──────────┴────────────┴───────────────┴──────────────┴──► any failure: the old one goes on
/// ```
///
/// Requests ask once which generation is in use and end on it. What an old generation has decided is not served by the new
/// one: answers of modules that are made anew, or that may now be kept for another time, are made stale before the swap, and
/// the old generation keeps none from then on.
final class HostGenerations: Sendable {
    /// What clients are answered by.
    let clients: ServingSwitch
    /// What operators are answered by.
    let operators: ServingSwitch
    let foundation: HostFoundation

    private let load: @Sendable () -> ConfigurationReport
    private let inUse: Mutex<HostAssembly>
    /// Changes of what is in use come one after the other.
    let turnstile = Turnstile()
    private let retired:
        (stream: AsyncStream<RetiredGeneration>, continuation: AsyncStream<RetiredGeneration>.Continuation)
    private let schedulers: (stream: AsyncStream<Scheduler>, continuation: AsyncStream<Scheduler>.Continuation)
    private let failures: any Counter
    private let logger: HostLogger

    private static let watchInterval: Duration = .seconds(5)
    private static let filesInterval: Duration = .seconds(1)
    private static let filesPause: Duration = .seconds(10)

    /// - Parameter load: Reads the configuration as the start has; may block on files.
    init(first: HostAssembly, load: @escaping @Sendable () -> ConfigurationReport) {
        foundation = first.foundation
        clients = ServingSwitch(first.serving(first.clients))
        operators = ServingSwitch(first.serving(first.operators))
        self.load = load
        inUse = Mutex(first)
        retired = AsyncStream.makeStream(of: RetiredGeneration.self)
        schedulers = AsyncStream.makeStream(of: Scheduler.self, bufferingPolicy: .bufferingNewest(1))
        failures = foundation.registry.counter(
            "config_reload_failures_total", help: "Reloads that failed and kept the configuration in use.", labels: [])
        logger = foundation.logger("host")
        foundation.reloading.open { [weak self] order in
            guard let self else { throw ReloadFailure.notServing }
            return try await reload(order)
        }
        foundation.modules.open { [weak self] order in
            guard let self else { throw Problem.unavailable("The host is not serving.", retryAfter: 5) }
            return try await turn(order)
        }
    }

    /// The generation in use. Nobody keeps it: its end is what shows that its requests have been answered.
    var current: HostAssembly { inUse.withLock { $0 } }

    // MARK: - Running

    /// Watches the modules in use, runs their scheduled work, and finishes what is replaced, until cancelled.
    func run() async {
        await withTaskGroup { group in
            group.addTask { await self.watch() }
            group.addTask { await self.runScheduled() }
            group.addTask { await self.watchModuleFiles() }
            group.addTask { for await old in self.retired.stream { await old.finish(self.logger) } }
        }
    }

    /// Takes no reload any more, and waits for the one under way. - Returns: What is in use at the end.
    func close() async -> ModuleHost {
        foundation.shutdown.begin()
        return await turnstile.passPatiently { current.modules }
    }

    private func watch() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.watchInterval)
            await current.modules.watchOnce()
        }
    }

    /// Takes changed files of modules into use. What a file said last stays in use while it is broken.
    private func watchModuleFiles() async {
        var directory = current.configuration.modules.sql
        var known = SQLModuleStamp(of: directory)
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.filesInterval)
            let (now, stamp) = (
                current.configuration.modules.sql, SQLModuleStamp(of: current.configuration.modules.sql)
            )
            // A reload that names another directory has read it.
            guard now == directory, stamp != known, stamp != nil, !Task.isCancelled else {
                (directory, known) = (now, stamp ?? known)
                continue
            }
            do {
                _ = try await reload(ReloadOrder(reason: "a file in \(now) changed", isForModuleFiles: true))
            } catch ReloadFailure.notStarted {
                // The database may be away, or its schema not as the file wants it yet.
                try? await Task.sleep(for: Self.filesPause)
                continue
            } catch {
                // Why is in the log; the file's next change is the next attempt.
            }
            known = stamp
        }
    }

    private func runScheduled() async {
        // Cancelled and awaited below.
        var running = Task { [scheduler = current.scheduler] in await scheduler.run() }
        for await next in schedulers.stream {
            running.cancel()
            await running.value
            // What the one before would have done by now is done at once.
            running = Task { await next.run(firstPauseMax: .zero) }
        }
        running.cancel()
        await running.value
    }

    // MARK: - Reloading

    private func reload(_ order: ReloadOrder) async throws -> ReloadOutcome {
        try await turnstile.pass {
            do {
                let outcome = try await carryOut(order)
                report(outcome, order)
                return outcome
            } catch {
                report(error, order)
                throw error
            }
        }
    }

    private func carryOut(_ order: ReloadOrder) async throws -> ReloadOutcome {
        guard !foundation.shutdown.hasBegun else { throw ReloadFailure.notServing }
        let old = current
        let (load, isForFiles) = (load, order.isForModuleFiles)
        let report = try await NIOThreadPool.singleton.runIfActive {
            isForFiles ? old.reportInUse.withSQLModules(catalog: .compiledIn) : load()
        }
        let (next, difference) = try Self.build(report, after: old)
        let plan = ReloadPlan(from: old.loaded, to: next.loaded, difference.settings)
        let warnings = report.warnings.map { report.line($0) }
        if order.isDryRun {
            return ReloadOutcome(generation: old.generation, isDryRun: true, plan: plan, warnings: warnings)
        }
        do {
            try await ModuleStarts.start(next.loaded.fresh, by: order.patience.map { .now + $0 })
            try await order.confirm(plan, next.generation)
        } catch {
            await Self.stop(next.loaded.fresh, within: order.patience)
            throw error
        }
        await swap(old, for: next, plan)
        return ReloadOutcome(generation: next.generation, isDryRun: false, plan: plan, warnings: warnings)
    }

    /// Puts the configured host together beside the one in use; nothing is opened.
    private static func build(
        _ report: ConfigurationReport,
        after old: HostAssembly
    ) throws(ReloadFailure) -> (next: HostAssembly, ConfigurationDifference) {
        var report = report
        guard let configuration = report.configuration, let document = report.document, let before = old.document
        else { throw .mistakes(report) }
        let difference = ConfigurationDifference(from: before, to: document, report.specification)
        let fixed = difference.settings.filter { !$0.isReloadable }
        guard fixed.isEmpty else {
            for setting in fixed { report.add(setting.restartMistake) }
            throw .needsRestart(report)
        }
        do {
            let secret = try configuration.auth.secret.obtain()
            return (try HostAssembly(configuration, document: document, secret: secret, after: old), difference)
        } catch ModuleNotBuilt.refused(let module, .misconfigured(let key, let detail)) {
            report.add(module: module, key: key, detail: detail)
        } catch let problem as FileProblem {
            throw .notMade("the file of the development secret \(problem.detail)")
        } catch {
            report.add(ConfigurationMistake(at: .preset, "\(error)"))
        }
        throw .mistakes(report)
    }

    /// Stops what was made for nothing.
    ///
    /// - Parameter patience: For how long that is waited for; what hangs is stopped behind the answer.
    private static func stop(_ modules: [SupervisedModule], within patience: Duration?) async {
        let stopping = Task { for module in modules.reversed() { await module.stop() } }
        guard let patience else { return await stopping.value }
        try? await withDeadline(patience) { await stopping.value }
    }

    /// Nothing here fails, and nothing here is undone.
    private func swap(_ old: HostAssembly, for next: HostAssembly, _ plan: ReloadPlan) async {
        old.queryPath.retire()
        _ = await foundation.invalidations.spread(Self.stale(old, next, plan))
        next.loaded.extend { next.loaded.made.isCarried($0) }
        for module in old.loaded.left(by: next.loaded) { module.board.record(of: module.id).gates?.retire() }
        next.announce()
        inUse.withLock { $0 = next }
        // What was disabled while this was being made.
        foundation.modules.settle(loaded: next.modules.all.map(\.id)) { next.modules.board.setSwitchedOff(true, $0) }
        clients.swap(to: next.serving(next.clients))
        operators.swap(to: next.serving(next.operators))
        let meters = ModuleStatusMeters(registry: foundation.registry)
        for module in plan.modules where module.change == .removed { meters.report(.disabled, of: module.id) }
        EventGauges.remove(
            old.scheduler.subscriptions.subtracting(next.scheduler.subscriptions), from: foundation.registry)
        if !next.loaded.worksAs(old.loaded) { schedulers.continuation.yield(next.scheduler) }
        retired.continuation.yield(
            RetiredGeneration(
                generation: old.generation, modules: old.loaded.left(by: next.loaded), end: old.queryPath.use.end,
                requestMax: old.configuration.limits.requestTimeout))
    }

    /// The tags of answers that the new generation would not have kept so.
    private static func stale(_ old: HostAssembly, _ next: HostAssembly, _ plan: ReloadPlan) -> [CacheTag] {
        guard next.keepsAnswers(of: old) else { return [.everything] }
        let lives = Dictionary(old.queryPath.operations.map { ($0.name, $0.life) }) { first, _ in first }
        let relived = next.queryPath.operations.filter { lives[$0.name] != nil && lives[$0.name] != $0.life }
        return Set(plan.left + relived.map(\.module)).sorted().map { .module($0) }
    }

    // MARK: - Reporting

    private func report(_ outcome: ReloadOutcome, _ order: ReloadOrder) {
        var metadata = [
            "reason": order.reason, "generation": "\(outcome.generation)", "modules": outcome.plan.summary,
            "settings": outcome.plan.settingNames,
        ]
        if !outcome.warnings.isEmpty { metadata["warnings"] = outcome.warnings.joined(separator: "; ") }
        logger.log(
            .notice, outcome.isDryRun ? "configuration reload planned" : "configuration reloaded", metadata)
    }

    private func report(_ error: any Error, _ order: ReloadOrder) {
        let failure = error as? ReloadFailure
        var metadata = [
            "reason": order.reason, "generation": "\(current.generation)", "error": failure?.detail ?? "\(error)",
        ]
        if let mistakes = failure?.mistakes, !mistakes.isEmpty {
            metadata["mistakes"] = mistakes.prefix(20).joined(separator: "; ")
        }
        if order.isDryRun { return logger.log(.notice, "configuration reload would fail", metadata) }
        failures.increment()
        logger.error("configuration not reloaded, the one in use is kept", metadata)
    }
}

extension BoundOperation {
    /// How long its answers are kept, and whether beyond that.
    fileprivate var life: Life { Life(ttl: ttl, isServedStale: operation.isServedStale) }

    fileprivate struct Life: Equatable {
        var ttl: Duration
        var isServedStale: Bool
    }
}

extension ChangedSetting {
    fileprivate var restartMistake: ConfigurationMistake {
        // What came through a variable or a file is never repeated in a message.
        var known = before
        if case .expanded = originBefore { known = nil }
        let before = known.map { "; it was \($0)" } ?? ""
        return ConfigurationMistake(
            at: origin, path: path, "`\(path)` takes a restart to change\(before)",
            hint: "restart the host, or put the old value back", hidesSource: true)
    }
}

public import PluginAPI
import TradingBook

extension ReconciliationModule: ScheduledModule {
    /// A break is opened, reopened or heard of again at most about so long after its time.
    public var scheduleInterval: Duration { .seconds(1) }

    public func runDue(at now: Timestamp, deadline: ContinuousClock.Instant) async throws {
        try await DueBreaks(context: context, outbox: book.outbox, batchSize: settings.batchSize, metrics: metrics)
            .settle(at: now, deadline: deadline)
        try await gauges.refreshIfDue()
    }
}

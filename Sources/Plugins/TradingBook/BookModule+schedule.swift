public import PluginAPI

extension BookModule: ScheduledModule {
    /// How often the book looks whether the hourly job is due.
    public var scheduleInterval: Duration { .seconds(60) }

    /// Removes what is past its keeping, the book's own rows first.
    public func runDue(at now: Timestamp, deadline: ContinuousClock.Instant) async throws {
        try await retention.run(
            Sweep.ofBook(retentionSettings) + sweeps, tables: partitionedTables, at: now, deadline: deadline)
    }
}

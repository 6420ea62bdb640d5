import PluginAPI

extension ModuleFactory {
    /// A factory for modules that are looked at and not run: their logs, metrics and announcements go nowhere.
    static var idle: ModuleFactory {
        ModuleFactory(
            clock: SystemClock(), metrics: MetricsRegistry(), invalidator: NobodyListens(), board: ModuleStatusBoard()
        ) { _ in SilentLogger() }
    }
}

private struct NobodyListens: CacheInvalidator {
    func invalidate(_ tags: [CacheTag]) async {}
}

private struct SilentLogger: Logger {
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {}
}

extension SQLService {
    /// A module that is looked at and not run.
    static func idle(_ definition: SQLModuleDefinition, storage: any ScopedStorage) -> SQLService {
        SQLService(definition, storage: storage, invalidator: NobodyListens(), logger: SilentLogger())
    }
}

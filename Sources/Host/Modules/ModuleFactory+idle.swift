import PluginAPI

extension ModuleFactory {
    /// A factory for modules that are looked at and not run: their logs, metrics and announcements go nowhere.
    static var idle: ModuleFactory {
        ModuleFactory(
            clock: SystemClock(), metrics: MetricsRegistry(), invalidator: NobodyListens(), board: ModuleStatusBoard()
        ) { _ in SilentLogger() }
    }
}

extension ModuleFactory {
    /// A module on its defaults, without storage and without what it requires.
    func alone(_ type: any QueryService.Type) throws -> any QueryService {
        var reader = SettingsReader(catalog: .compiledIn, idleSections: [])
        let nothing = Setting(content: .mapping([]), origin: .preset)
        let settings = reader.section(type.configuration.keys, nothing, at: type.descriptor.id)
        guard let settings, reader.mistakes.isEmpty else { throw ModuleNotBuilt.unknown(type.descriptor.id) }
        let context = ModuleContext(
            logger: logger(type.descriptor.id), metrics: metrics, clock: clock, storage: UnavailableStorage(),
            invalidator: invalidator)
        return try type.init(configuration: settings.moduleConfiguration, context: context)
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

import PluginAPI

extension HostAssembly {
    /// The configuration in use as if it had just been read.
    var reportInUse: ConfigurationReport {
        let specification = HostSpec(
            .compiledIn, storageInUse: configuration.storage.id, cacheInUse: configuration.cache.id ?? "none")
        return ConfigurationReport(
            source: ConfigurationSource(name: "the configuration in use", text: ""), specification: specification,
            document: document, mistakes: [])
    }
}

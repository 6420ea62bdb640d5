import ArgumentParser
import FoundationEssentials

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Option(help: "The configuration file.")
    var config = "config/concord.yaml"

    /// Reads the configuration file with the environment and the command's flags over it.
    ///
    /// - Parameter opening: How the libraries of dynamic modules are opened, where the command is about them.
    func load(
        flags: [SettingOverride] = [], catalog: ModuleCatalog = .compiledIn, opening: ModuleOpening = .none
    ) -> ConfigurationReport {
        let environment = ProcessInfo.processInfo.environment
        var loader = ConfigurationLoader(catalog: catalog, environment: environment, flags: flags)
        loader.opening = opening
        do throws(FileProblem) {
            let bytes = try TextFile.bytes(of: config, max: YAMLReader.bytesMax)
            return loader.load(ConfigurationSource(name: config, bytes: bytes)).withSQLModules(catalog: catalog)
        } catch {
            let mistake = ConfigurationMistake(
                at: .flag("--config"), "the file \(config) \(error.detail)",
                hint: "name another with --config; concord config sample prints one to start from")
            let source = ConfigurationSource(name: config, bytes: [])
            return ConfigurationReport(
                source: source, specification: HostSpec(catalog), document: nil, mistakes: [mistake])
        }
    }
}

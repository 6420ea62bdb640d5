import PluginAPI

/// Turns a file, the environment and the flags into a checked configuration, or into everything that is wrong with them.
///
/// Pure but for `${file:…}`: it opens no socket, no database and no log.
struct ConfigurationLoader: Sendable {
    var catalog: ModuleCatalog
    var environment: [String: String] = [:]
    var flags: [SettingOverride] = []
    var readFile: @Sendable (String) -> Result<String, FileProblem> = TextFile.text(of:)
    /// Opens the libraries of dynamic modules, whose settings only they know.
    var opening = ModuleOpening()

    func load(_ source: ConfigurationSource) -> ConfigurationReport {
        let (read, formMistakes) = YAMLReader.read(source)
        guard let read else { return report(source, nil, formMistakes) }
        var expander = VariableExpander(environment: environment, readFile: readFile)
        let written = expander.expand(read) ?? Setting(content: .mapping([]), origin: read.origin)

        // The file is checked alone first, so that an override does not hide a mistake in it.
        let ofFile = check(written, isWhole: false).mistakes
        let layer = layered(over: written)
        let checked = check(layer.setting)
        let isSound = checked.mistakes.isEmpty
        let ruled =
            checked.document.map {
                HostRules.mistakes($0, variables: environment, isSound: isSound)
            } ?? []
        let strays = checked.document.map { foreignBackends($0) } ?? []
        let found = formMistakes + expander.mistakes + ofFile + layer.mistakes + checked.mistakes + ruled + strays
        return report(source, checked.document, found)
    }

    /// - Parameter isWhole: Whether nothing will be laid over the setting, so that what is missing stays missing.
    private func check(
        _ setting: Setting,
        isWhole: Bool = true
    ) -> (document: CheckedSetting?, mistakes: [ConfigurationMistake]) {
        let specification = specification(for: setting)
        var reader = SettingsReader(catalog: catalog, idleSections: specification.idleSections, isWhole: isWhole)
        reader.readFile = readFile
        // What the environment lays over the file may say where libraries lie.
        reader.opening = (isWhole ? opening : .none).placed(
            directory: setting.text(at: ["modules", "directory"]), traps: setting.text(at: ["modules", "traps"]))
        let document = reader.root(setting, specification.keys)
        return (document, reader.mistakes)
    }

    private func specification(for setting: Setting) -> HostSpec {
        HostSpec(
            catalog, storageInUse: setting.text(at: ["storage", "use"]), cacheInUse: setting.text(at: ["cache", "use"]))
    }

    private func layered(over written: Setting) -> OverrideLayer {
        var layer = OverrideLayer(HostSpec(catalog), over: written)
        for alias in VariableAlias.all {
            if let value = environment[alias.name], !value.isEmpty { layer.apply(alias, value) }
        }
        if let debug = environment["DEBUG"], HostRules.isTrue(debug), environment["LOG_LEVEL"]?.isEmpty != false {
            layer.apply(
                VariableAlias(name: "DEBUG", path: ["log", "level"], form: .word([debug.lowercased(): "debug"])), debug)
        }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(OverrideLayer.prefix) {
            if !value.isEmpty { layer.apply(variable: name, value) }
        }
        for flag in flags { layer.apply(flag) }
        return layer
    }

    /// A variable that names a database or a Redis means that one was expected.
    private func foreignBackends(_ document: CheckedSetting) -> [ConfigurationMistake] {
        VariableAlias.all.compactMap { alias in
            guard let backend = alias.backend, environment[alias.name]?.isEmpty == false,
                let use = document.setting(at: "\(backend.section).use")?.value.text, use != backend.module
            else { return nil }
            let isProduction = document["environment"]?.value.text == "production"
            return ConfigurationMistake(
                isProduction ? .error : .warning, at: .variable(alias.name), path: "\(backend.section).use",
                "`\(alias.name)` is set, and `\(backend.section).use` is `\(use)`",
                hint: "unset the variable, or use \(backend.module) where it is compiled in")
        }
    }

    private func report(
        _ source: ConfigurationSource,
        _ document: CheckedSetting?,
        _ found: [ConfigurationMistake]
    ) -> ConfigurationReport {
        let use = document?.setting(at: "storage.use")?.value.text
        let specification = HostSpec(
            catalog, storageInUse: use, cacheInUse: document?.setting(at: "cache.use")?.value.text)
        return ConfigurationReport(
            source: source, specification: specification, document: document, mistakes: found)
    }
}

import PluginAPI

/// A configuration with every key, its default and its meaning: `concord config sample`. It passes `concord check`.
///
/// Modules that cannot run on defaults alone stand in it as comments.
struct ConfigurationSample {
    private var output = YAMLText()

    static func text(_ specification: HostSpec) -> String {
        var sample = ConfigurationSample()
        sample.output.comment(
            "Every setting of Concord with its default. What is left out has the value shown here.", depth: 0)
        sample.write(specification.keys, specification.catalog, depth: 0)
        return sample.output.text
    }

    private mutating func write(_ keys: [ConfigurationKey], _ catalog: ModuleCatalog, depth: Int) {
        for key in keys {
            if depth == 0 { output.line("", depth: 0) }
            output.comment(key.summary, depth: depth)
            if depth == 0, key.name == "queries" {
                writeQueries(catalog)
            } else if case .section(let inner) = key.kind {
                output.line(inner.isEmpty ? "\(key.name): {}" : "\(key.name):", depth: depth)
                write(inner, catalog, depth: depth + 1)
            } else {
                write(value: key, depth: depth)
            }
        }
    }

    private mutating func write(value key: ConfigurationKey, depth: Int) {
        output.comment("It is \(key.kind.phrase).\(key.isReloadable ? "" : " Needs a restart.")", depth: depth)
        if let text = key.defaultText {
            output.line("\(key.name): \(key.kind.isScalar ? YAMLText.scalar(text) : text)", depth: depth)
        } else {
            output.line("# \(key.name):", depth: depth)
        }
    }

    private mutating func writeQueries(_ catalog: ModuleCatalog) {
        output.line(catalog.services.isEmpty ? "queries: []" : "queries:", depth: 0)
        for module in catalog.services {
            let start = output.lines.count
            defer { if module.needsSettings { output.commentOut(from: start) } }
            output.comment("\(module.descriptor.summary).", depth: 1)
            let isBare = module.sectionKeys.isEmpty
            output.line(isBare ? "- \(module.id)" : "- \(module.id):", depth: 1)
            if !isBare { write(module.sectionKeys, catalog, depth: 3) }
        }
    }
}

import HTTPTypes
import PluginAPI

/// What `concord modules info` says of a module: what it declares, and what the configuration makes of it.
struct ModuleInfo {
    private let module: RegisteredModules.Entry
    private let report: ConfigurationReport

    init(_ module: RegisteredModules.Entry, _ report: ConfigurationReport) {
        (self.module, self.report) = (module, report)
    }

    var text: String {
        let descriptor = module.descriptor
        var parts = [
            "\(descriptor.id) \(descriptor.version), \(module.kind), \(module.source.rawValue), \(descriptor.stability.rawValue)",
            descriptor.summary,
        ]
        if let file = module.file { parts.append("Made from \(file).") }
        if !descriptor.requires.isEmpty { parts.append("Requires \(descriptor.requires.joined(separator: ", ")).") }
        parts.append("\n" + (module.source == .sql ? "" : ModuleTable(keys: module.keys).text))
        parts += configured + operations + migrations
        return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    /// The values in effect, secrets redacted.
    private var configured: [String] {
        guard let kind = ModuleKind(rawValue: module.kind), let document = report.document,
            let section = document.section(of: module.id, kind), !section.entries.isEmpty
        else { return [] }
        return [
            "Configured:",
            ConfigurationListing.text(section, source: report.source.name, showsOrigin: false)
                .split(separator: "\n").map { "  \($0)" }.joined(separator: "\n") + "\n",
        ]
    }

    /// Of a module that the configuration loads, because only those are put together.
    private var operations: [String] {
        guard module.kind == "query" else { return [] }
        guard let configuration = report.configuration,
            let made = try? ModuleFactory.idle.make(configuration, wrap: { $0 })
        else { return ["What it serves is not known: \(report.source.name) has mistakes; see concord check.\n"] }
        guard let service = made.services.first(where: { $0.moduleID == module.id }) else {
            return ["Not loaded by \(report.source.name).\n"]
        }
        let limits = configuration.limits(of: module.id)
        let loaded = LoadedService(id: module.id, service: service, status: { .ok })
        var table = TextTable(header: ["operation", "method", "path", "roles", "ttl", "deadline", "reply"])
        for (operation, audience) in loaded.allOperations {
            let own = limits.narrowed(by: operation.limits)
            let ttl = operation.method == .get ? (operation.ttl ?? configuration.cache.defaultTTL).configured : "–"
            table.append([
                operation.name, operation.method.rawValue, audience.prefix + operation.path,
                operation.roles.map(\.rawValue).sorted().joined(separator: ", "), ttl, own.deadline.configured,
                QuantityText.bytes.format(own.replyMax),
            ])
        }
        return ["Operations:", table.text, Self.sentences(limits)]
    }

    private static func sentences(_ limits: ModuleLimits) -> String {
        let failures =
            limits.failuresMax == 0
            ? "It is called however often it fails."
            : "After \(limits.failuresMax) failures in a row one is tried after \(limits.pause.configured), and after up to"
                + " \(CallBreaker.pauseFactorMax) times as long when that fails."
        return "At a time: \(limits.callsMax) calls, \(limits.waitingMax) more wait. \(failures)\n"
    }

    private var migrations: [String] {
        guard !module.migrations.isEmpty else { return [] }
        return ["Migrations:"] + module.migrations.map { "  \(module.id)/\($0.paddedNumber) \($0.name)" }
    }
}

extension Duration {
    /// As the configuration spells it: `30s`.
    fileprivate var configured: String { QuantityText.milliseconds.format(wholeMilliseconds) }
}

extension Migration {
    fileprivate var paddedNumber: String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

import ArgumentParser
import PluginAPI

/// How one thing outside answered `concord check --probe`.
struct ProbeResult: Sendable, Equatable {
    /// The module: `sqlite`.
    var name: String
    var isUp: Bool
    /// Why not, or what it said.
    var detail: String
}

/// Validates the configuration without opening anything; with a probe, also what it names.
struct ConfigurationCheck: Sendable {
    enum Format: String, ExpressibleByArgument, Sendable {
        case text
        case json
    }

    var format = Format.text
    /// What modules find wrong with their sections when they are put together, which is pure.
    var assemble: @Sendable (HostConfiguration) -> [ModuleComplaint] = { _ in [] }
    /// Connects to what the configuration names; `nil` opens nothing.
    var probe: (@Sendable (HostConfiguration) async -> [ProbeResult])?

    /// A ``ModuleError/misconfigured(key:detail:)`` and whose it is.
    struct ModuleComplaint: Sendable, Equatable {
        var module: ModuleDescriptor.ModuleID
        var key: String
        var detail: String
    }

    /// What goes where, and how the command ends.
    struct Outcome: Sendable, Equatable {
        var output = ""
        var diagnostics = ""
        /// 0 good, 2 mistakes, 3 good but something probed is down.
        var exitCode: Int32 = 0
    }

    func run(_ loaded: ConfigurationReport) async -> Outcome {
        var report = loaded
        if let configuration = report.configuration {
            for complaint in assemble(configuration) {
                report.add(module: complaint.module, key: complaint.key, detail: complaint.detail)
            }
        }
        guard let configuration = report.configuration, let probe else { return outcome(report, nil) }
        return outcome(report, await probe(configuration))
    }

    private func outcome(_ report: ConfigurationReport, _ probes: [ProbeResult]?) -> Outcome {
        let isDown = probes?.contains { !$0.isUp } ?? false
        let exitCode: Int32 = report.placedErrors.isEmpty ? (isDown ? 3 : 0) : 2
        if format == .json {
            return Outcome(output: json(report, probes), exitCode: exitCode)
        }
        let probed = (probes ?? []).map { "\($0.name): \($0.isUp ? "up" : "down"): \($0.detail.printable)\n" }.joined()
        let output = exitCode != 2 ? "\(report.source.name): good\n" : ""
        return Outcome(output: output + probed, diagnostics: report.text, exitCode: exitCode)
    }

    private func json(_ report: ConfigurationReport, _ probes: [ProbeResult]?) -> String {
        var json = JSONWriter()
        json.object { json in
            report.write(to: &json)
            guard let probes else { return }
            json.arrayField("probes", of: probes) { json, result in
                json.object { json in
                    json.field("name", result.name)
                    json.field("status", result.isUp ? "up" : "down")
                    json.field("detail", result.detail)
                }
            }
        }
        return json.text + "\n"
    }
}

import PluginAPI
import Reconciliation
import TradingBook

/// What counts as equal in a comparison of files, and which instruments are known: the contract's defaults, or what a YAML
/// file says under `pairing`, `tolerance` and `instruments`, in the notation of the configuration.
///
/// The file is read by the configuration's strict reader. Variables are not expanded in it, so that it says the same
/// everywhere.
struct PolicyFile: Sendable {
    var policy = MatchPolicy()
    var instruments = InstrumentBook()

    private static let keys =
        ReconciliationModule.configuration.keys.filter { ["pairing", "tolerance"].contains($0.name) }
        + BookModule.configuration.keys.filter { $0.name == "instruments" }

    /// - Throws: ``FileComplaint`` with every mistake, its place, source line and caret.
    static func read(_ name: String) throws -> PolicyFile {
        let bytes: [UInt8]
        do throws(FileProblem) {
            bytes = try TextFile.bytes(of: name, max: YAMLReader.bytesMax)
        } catch {
            throw FileComplaint(lines: ["concord: \(name) \(error.detail)".printable])
        }
        return try read(ConfigurationSource(name: name, bytes: bytes))
    }

    static func read(_ source: ConfigurationSource) throws(FileComplaint) -> PolicyFile {
        let (setting, formMistakes) = YAMLReader.read(source)
        var reader = SettingsReader(catalog: .compiledIn, idleSections: [])
        let document = setting.flatMap { reader.root($0, keys) }
        var report = ConfigurationReport(
            source: source, specification: HostSpec(.compiledIn), document: document,
            mistakes: formMistakes + reader.mistakes)
        guard report.errors.isEmpty, let document else { throw complaint(report) }
        do throws(ModuleError) {
            let settings = document.moduleConfiguration
            return PolicyFile(policy: try MatchPolicy(settings), instruments: try InstrumentBook(settings))
        } catch .misconfigured(let key, let detail) {
            report.add(module: BookModule.descriptor.id, key: key, detail: detail)
            throw complaint(report)
        } catch {
            throw FileComplaint(lines: ["concord: \(source.name): \(error)".printable])
        }
    }

    private static func complaint(_ report: ConfigurationReport) -> FileComplaint {
        FileComplaint(lines: report.text.split(separator: "\n").map(String.init))
    }
}

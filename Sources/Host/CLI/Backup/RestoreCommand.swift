import ArgumentParser
import PluginAPI

/// `concord restore FILE`: puts a backup back, whole or not at all, and compares every table.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a backup back into the empty storage, or try it in a throw-away one; hosts must be stopped.")

    @OptionGroup var options: CommonOptions

    @Argument(help: "The backup's file; its manifest lies beside it.")
    var file: String

    @Flag(help: "Replace what is stored.")
    var replace = false

    @Flag(help: "Only restore into a database made for it and removed afterwards; the storage is not touched.")
    var verify = false

    @Option(help: "text, or json on standard output.")
    var format = BackupCommand.Format.text

    func validate() throws {
        if verify, replace { throw ValidationError("--verify replaces nothing; leave --replace out") }
    }

    func run() async throws {
        let configuration = try options.load().configurationOrExit()
        let (path, place) = (file, verify ? RestorePlace.throwAway : .storage(replacing: replace))
        let outcome = try await StorageCopies.orExit {
            let copies = try StorageCopies(configuration)
            let manifest = try await copies.check(path)
            let pending = try await copies.restore(path, manifest, to: place)
            let trouble = place == .throwAway ? nil : await copies.clearSharedCache()
            return (manifest, pending, trouble)
        }
        if let trouble = outcome.2 { Console.diagnostic("concord: \(trouble)") }
        Console.data(format == .json ? json(outcome.0, pending: outcome.1) : text(outcome.0, pending: outcome.1))
    }

    private func text(_ manifest: BackupManifest, pending: [String]) -> String {
        var table = TextTable(header: ["table", "rows", "content"])
        for each in manifest.tables { table.append([each.name, "\(each.rowsTotal)", "equal"]) }
        let what = verify ? "can be restored; the storage was not touched" : "is restored"
        var lines = [table.text, "", "the backup of \(manifest.createdAt) \(what)"]
        if !pending.isEmpty {
            lines.append("migrations are pending: \(pending.joined(separator: ", ")); see: concord migrate up")
        }
        return lines.joined(separator: "\n")
    }

    private func json(_ manifest: BackupManifest, pending: [String]) -> String {
        var json = JSONWriter()
        json.object { json in
            json.field("restored", !verify)
            json.field("storage", manifest.storage)
            json.field("created_at", manifest.createdAt)
            json.field("sha256", manifest.sha256)
            json.arrayField("tables", of: manifest.tables) { json, table in
                json.object { json in
                    json.field("name", table.name)
                    json.field("rows", table.rowsTotal)
                    json.field("digest", table.digest)
                    json.field("equal", true)
                }
            }
            json.arrayField("pending_migrations", of: pending) { $0.string($1) }
        }
        return json.text
    }
}

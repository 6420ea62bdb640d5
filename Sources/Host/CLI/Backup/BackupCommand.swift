import ArgumentParser
import Glibc
import PluginAPI

/// `concord backup FILE`: everything that is stored, as of one moment, while hosts go on serving.
struct BackupCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument {
        case text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy everything that is stored into FILE and FILE.manifest.json, beside running hosts.")

    @OptionGroup var options: CommonOptions

    @Argument(help: "The backup's file; its directory must be there.")
    var file: String

    @Flag(help: "Replace a backup that is there under this name.")
    var replace = false

    @Option(help: "text, or json for the manifest.")
    var format = Format.text

    func run() async throws {
        let configuration = try options.load().configurationOrExit()
        let (path, mayReplace) = (file, replace)
        let manifest = try await StorageCopies.orExit {
            let copies = try StorageCopies(configuration)
            let file = try BackupFile(path: path, mayReplace: mayReplace, sparing: copies.ownFiles)
            let progress = CopyProgress(of: file.partial)
            defer { progress.end() }
            return try await copies.backUp(into: file)
        }
        Console.data(format == .json ? String(decoding: manifest.json, as: UTF8.self) : text(manifest))
    }

    private func text(_ manifest: BackupManifest) -> String {
        let rowsTotal = manifest.tables.reduce(0) { $0 + $1.rowsTotal }
        return """
            \(file): \(manifest.bytesTotal) bytes, \(rowsTotal) rows of \(manifest.tables.count) tables
            \(BackupManifest.path(of: file)): what must come out of it
            """
    }
}

/// Tells somebody at a terminal, twice a second, how long a file has become.
struct CopyProgress {
    private let task: Task<Void, Never>?

    init(of path: String) {
        guard isatty(STDERR_FILENO) == 1 else {
            task = nil
            return
        }
        // Cancelled by `end`; it holds nothing that must be awaited.
        task = Task {
            while !Task.isCancelled {
                var status = stat()
                if stat(path, &status) == 0 {
                    Console.write(diagnostics: "\r\(status.st_size >> 20) MiB")
                }
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    func end() {
        guard let task else { return }
        task.cancel()
        Console.write(diagnostics: "\r\u{1B}[K")
    }
}

import ArgumentParser
import PluginAPI

/// Opens a host's storage, brings its schema up to date and starts the other modules.
struct Startup {
    let assembly: HostAssembly

    /// - Throws: `ExitCode` after saying why on standard error: 1 when storage does not open or belongs to a newer
    ///   program, 3 when migrations are pending and `storage.migrate` is `manual`.
    func open() async throws {
        do {
            try await assembly.modules.startStorage()
        } catch ModuleError.unavailable(let reason) {
            throw Startup.failure("concord: storage did not start: \(reason)", ExitStatus.failed)
        }
        do {
            try await migrate()
        } catch {
            await assembly.modules.shutDown()
            throw error
        }
        await assembly.modules.startOthers()
    }

    /// Only opens the storage, for commands about the schema itself.
    func openStorage() async throws {
        do {
            try await assembly.modules.startStorage()
        } catch ModuleError.unavailable(let reason) {
            throw Startup.failure("concord: storage did not start: \(reason)", ExitStatus.failed)
        }
    }

    private func migrate() async throws {
        do {
            guard assembly.configuration.storage.migratesAtStart else {
                let pending = try await assembly.migrator.pending()
                guard pending.isEmpty else {
                    throw Startup.failure(
                        "concord: migrations are pending: \(pending.joined(separator: ", ")); run: concord migrate up",
                        ExitStatus.notReady)
                }
                return
            }
            try await assembly.migrator.up()
        } catch let error as ExitCode {
            throw error
        } catch {
            throw Startup.failure("concord: the schema does not fit: \(error)", ExitStatus.failed)
        }
    }

    private static func failure(_ text: String, _ code: ExitCode) -> ExitCode {
        Console.diagnostic(text)
        return code
    }
}

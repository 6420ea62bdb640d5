import CDynamicModules
import Glibc
import PluginAPI
import Synchronization

/// Has traps of dynamic modules written down from the first of them that is opened until the process ends.
final class TrapWatch: Sendable {
    /// The process': signals are.
    static let shared = TrapWatch()

    private struct State {
        /// Where traps go; `nil` before the first library.
        var log: TrapLog?
        var descriptor: Int32 = -1
        var news: [(record: TrapLog.Record, function: String?)] = []
        var problem: String?
    }

    private let state = Mutex(State())

    /// Begins once; from then on sees to it that the file is still the one that is written to, and finds out where past traps
    /// were.
    ///
    /// - Parameter file: A library that is about to be opened.
    func begin(_ log: TrapLog, _ file: ModuleFile) {
        state.withLock { state in
            if state.log == nil { state.news = log.news.map { ($0, nil) } }
            do throws(FileProblem) {
                try Self.watch(log, &state)
            } catch {
                if state.log == nil { state.problem = "\(log.path): \(error.detail)" }
            }
            state.log = log
            for index in state.news.indices {
                state.news[index].function = state.news[index].function ?? state.news[index].record.function(in: file)
            }
        }
    }

    /// Somebody may have removed the file, as an operator does to have a module tried again.
    private static func watch(_ log: TrapLog, _ state: inout State) throws(FileProblem) {
        guard state.descriptor < 0 || !isSame(log.path, state.descriptor) else { return }
        let descriptor = try log.open()
        if state.descriptor < 0 {
            state.descriptor = descriptor
            concord_traps_watch(descriptor)
        } else {
            dup2(descriptor, state.descriptor)
            _ = fcntl(state.descriptor, F_SETFD, FD_CLOEXEC)
            close(descriptor)
        }
    }

    private static func isSame(_ path: String, _ descriptor: Int32) -> Bool {
        var (there, here) = (stat(), stat())
        return stat(path, &there) == 0 && fstat(descriptor, &here) == 0 && there.st_ino == here.st_ino
            && there.st_dev == here.st_dev
    }

    /// Tells once of every trap since the last start, and of what keeps traps from being written down.
    func report(to logger: any Logger, clock: any HostClock = SystemClock()) {
        let (log, news, problem) = state.withLock { state in
            defer { (state.news, state.problem) = ([], nil) }
            return (state.log, state.news, state.problem)
        }
        for (record, function) in news {
            var metadata = [
                "id": record.module, "sha256": record.digest, "at": record.at.description,
                "signal": "\(record.signal)", "offset": "0x" + String(record.offset, radix: 16),
            ]
            metadata["function"] = function
            logger.error("a dynamic module ended the host", metadata)
        }
        if let problem { logger.warning("traps of dynamic modules are not written down", ["error": problem]) }
        if let log, !news.isEmpty { try? log.markTold(at: clock.now) }
    }
}

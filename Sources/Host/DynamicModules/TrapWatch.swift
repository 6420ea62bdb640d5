import CDynamicModules
import Glibc
import PluginAPI
import Synchronization

/// Has traps of dynamic modules written down from the first of them that is opened until the process ends.
final class TrapWatch: Sendable {
    /// The process': signals are.
    static let shared = TrapWatch()

    private struct State {
        var hasBegun = false
        var news: [(record: TrapLog.Record, function: String?)] = []
        var problem: String?
    }

    private let state = Mutex(State())

    /// Begins once; from then on only finds out where past traps were.
    ///
    /// - Parameter file: A library that is about to be opened.
    func begin(_ log: TrapLog, _ file: ModuleFile, clock: any HostClock = SystemClock()) {
        state.withLock { state in
            begin(log, clock, &state)
            for index in state.news.indices {
                state.news[index].function = state.news[index].function ?? state.news[index].record.function(in: file)
            }
        }
    }

    private func begin(_ log: TrapLog, _ clock: any HostClock, _ state: inout State) {
        guard !state.hasBegun else { return }
        state.hasBegun = true
        do {
            state.news = try log.takeNews(at: clock.now).map { ($0, nil) }
        } catch {
            state.problem = "\(error)"
            return
        }
        let descriptor = open(log.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            state.problem = String(cString: strerror(errno))
            return
        }
        concord_traps_watch(descriptor)
    }

    /// Tells once of every trap since the last start, and of what keeps traps from being written down.
    func report(to logger: any Logger) {
        let (news, problem) = state.withLock { state in
            defer { (state.news, state.problem) = ([], nil) }
            return (state.news, state.problem)
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
    }
}

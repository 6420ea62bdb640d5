import PluginAPI

/// One module's life as the host leads it: every call has a deadline, every outcome becomes a status.
struct SupervisedModule: Sendable {
    /// How long each call may take.
    struct Limits: Sendable {
        var start: Duration = .seconds(30)
        var health: Duration = .seconds(2)
        var drain: Duration = .seconds(5)
        var stop: Duration = .seconds(3)
    }

    let id: ModuleDescriptor.ModuleID
    let kind: ModuleKind
    let module: any Module
    /// Which modules have to serve before it can start.
    let requires: [ModuleDescriptor.ModuleID]
    let limits: Limits
    let board: ModuleStatusBoard

    init(
        _ module: any Module,
        kind: ModuleKind,
        board: ModuleStatusBoard,
        id: ModuleDescriptor.ModuleID? = nil,
        requires: [ModuleDescriptor.ModuleID]? = nil,
        limits: Limits = Limits()
    ) {
        self.requires = requires ?? type(of: module).descriptor.requires
        self.id = id ?? type(of: module).descriptor.id
        self.kind = kind
        self.module = module
        self.board = board
        self.limits = limits
    }

    private var record: ModuleRecord { board.record(of: id) }

    /// Starts the module unless one it requires is not serving.
    ///
    /// - Parameter limit: How long it may take where that is less than usual.
    /// - Returns: Whether it has started.
    func start(within limit: Duration? = nil) async -> Bool {
        await start(within: limit, by: { try await $0.start() })
    }

    /// Opens the module for a look that changes nothing, where it knows how to.
    func startInspecting() async -> Bool {
        await start(by: { module in
            if let storage = module as? any InspectableStorage { return try await storage.startInspecting() }
            try await module.start()
        })
    }

    private func start(
        within limit: Duration? = nil, by opening: @escaping @Sendable (any Module) async throws -> Void
    ) async -> Bool {
        board.set(.starting, for: id)
        if let broken = requires.first(where: { !board[$0].isServing }) {
            fail(inWords: "it requires \(broken), which is \(board[broken].word)")
            return false
        }
        let record = record
        guard record.start.begin() else {
            fail(inWords: "its last start has not come back")
            return false
        }
        do {
            try await withDeadline(Self.least(limits.start, limit)) { [module] in
                defer { record.start.end() }
                try await ModuleThreads.run(on: record.threads?.ofOperators) { try await opening(module) }
            }
            board.record(of: id).noteStart()
            board.set(.ok, for: id)
            return true
        } catch {
            fail(error, doing: "start")
            return false
        }
    }

    /// Asks the module how it is and writes that down.
    func checkHealth() async {
        let record = record
        // What became of it is known already.
        guard record.healthCheck.begin() else { return }
        let threads = record.threads?.ofOperators
        let hasBegun = Once()
        do {
            let asked = ContinuousClock.now
            let health = try await withDeadline(limits.health) { [module] in
                defer { record.healthCheck.end() }
                return try await ModuleThreads.run(on: threads) {
                    hasBegun.come()
                    return await module.health()
                }
            }
            board.setLatency(.now - asked, of: id)
            // A drain may have begun while the module was thinking; its word is not overwritten.
            guard record.ownStatus.isServing || record.ownStatus.word == "failed" else { return }
            switch health {
            case .ok: board.set(.ok, for: id)
            case .degraded(let reason):
                board.set(.degraded(reason: reason), for: id, inWords: Self.itsHealth)
            case .failed(let reason):
                board.note(reason, doing: "health check", of: id)
                board.set(.failed(reason: reason), for: id, inWords: Self.itsHealth)
            @unknown default: board.set(.degraded(reason: "it says \(health)"), for: id, inWords: Self.itsHealth)
            }
        } catch {
            guard record.ownStatus.isServing else { return }
            // Nobody has asked it, so that it has not said nothing.
            if threads != nil, error is DeadlineExceeded, !hasBegun.hasCome {
                return board.set(.degraded(reason: Self.busy), for: id, inWords: Self.busy)
            }
            fail(error, doing: "health check")
        }
    }

    /// - Parameter limit: How long that may take where it is less than usual.
    func drain(within limit: Duration? = nil) async {
        guard record.ownStatus != .stopped else { return }
        board.set(.draining, for: id)
        try? await withDeadline(Self.least(limits.drain, limit)) { [module, threads = record.threads?.ofOperators] in
            try await ModuleThreads.run(on: threads, evenIfGivenUp: true) { await module.drain() }
        }
    }

    /// - Parameter limit: How long that may take where it is less than usual.
    func stop(within limit: Duration? = nil) async {
        try? await withDeadline(Self.least(limits.stop, limit)) { [module, threads = record.threads?.ofOperators] in
            try await ModuleThreads.run(on: threads, evenIfGivenUp: true) { await module.stop() }
        }
        board.set(.stopped, for: id)
    }

    private static func least(_ usual: Duration, _ limit: Duration?) -> Duration {
        min(usual, limit.map { max($0, .zero) } ?? usual)
    }

    private static let itsHealth = "its health check says so"
    private static let busy = "its threads are busy: it has not come to its health check"

    /// For a reason of the host's own, which everybody may hear.
    private func fail(inWords reason: String) {
        board.set(.failed(reason: reason), for: id, inWords: reason)
    }

    private func fail(_ error: any Error, doing what: String) {
        let reason = Self.reason(for: error, doing: what)
        board.note(reason, doing: what, of: id)
        let words = error is DeadlineExceeded ? reason : what == "start" ? "it did not start" : "its \(what) failed"
        board.set(.failed(reason: reason), for: id, inWords: words)
    }

    private static func reason(for error: any Error, doing what: String) -> String {
        switch error {
        case let error as DeadlineExceeded: "its \(what) took longer than \(error.limit)"
        case ModuleError.unavailable(let reason): reason
        case ModuleError.misconfigured(let key, let detail): "\(key) \(detail)"
        case StorageError.unavailable(let reason): reason
        default: "its \(what) failed: \(error)"
        }
    }
}

/// What a module is to the host.
enum ModuleKind: String, Sendable {
    case storage, cache, query
}

import HTTPTypes
import PluginAPI
import Synchronization

/// What a warm-up came to.
struct WarmUpResult: Sendable, Equatable {
    /// Answers that are now in the cache.
    var warmed = 0
    /// Answers that could not be built.
    var failed = 0
    var done: Int { warmed + failed }
}

extension QueryPath {
    /// Runs every warmable operation for some accounts and for their owners, as the owners will.
    ///
    /// - Parameters:
    ///   - concurrency: Queries at a time, at least one.
    ///   - progress: Called after each query with how many are done, and of how many; in no particular order.
    func warm(
        accounts: [String],
        concurrency: Int,
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws(StorageError) -> WarmUpResult {
        let progress = WarmUpProgress(questions: try await questions(for: accounts), report: progress)
        await withTaskGroup { group in
            for _ in 0..<max(1, concurrency) {
                group.addTask {
                    while let question = progress.next() { progress.finished(isWarm: await ask(question)) }
                }
            }
        }
        return progress.result
    }

    private func questions(for accounts: [String]) async throws(StorageError) -> [WarmUpQuestion] {
        var questions: [WarmUpQuestion] = []
        var owners: Set<String> = []
        for account in accounts {
            guard let owner = try await access.owner(of: account) else { continue }
            let isNew = owners.insert(owner).inserted
            for target in operations where target.operation.isWarmable && target.ttl > .zero {
                switch target.operation.scope {
                case .accounts:
                    if isNew { questions.append(WarmUpQuestion(target: target, owner: owner)) }
                    let query = "account_id=\(PercentEncoding.encode(account))"
                    questions.append(WarmUpQuestion(target: target, owner: owner, query: query))
                case .account(let parameter):
                    questions.append(WarmUpQuestion(target: target, owner: owner, segments: [parameter: account]))
                default: continue
                }
            }
        }
        return questions
    }

    private func ask(_ question: WarmUpQuestion) async -> Bool {
        let incoming = IncomingRequest(
            method: .get, path: question.target.template, query: question.query, headers: [:], peer: "",
            requestID: "warmup", receivedAt: clock.now)
        let caller = Caller(subject: question.owner, role: .user)
        let answer = await answer(
            question.target, to: incoming, pathParameters: question.segments, caller: caller)
        return answer.status == .ok
    }
}

/// One query of a warm-up.
private struct WarmUpQuestion: Sendable {
    var target: BoundOperation
    var owner: String
    var query: String?
    var segments: [String: String] = [:]
}

/// Hands out the questions of a warm-up and counts what became of them.
private final class WarmUpProgress: Sendable {
    private let questions: [WarmUpQuestion]
    private let report: @Sendable (Int, Int) -> Void
    private let state = Mutex((next: 0, result: WarmUpResult()))

    init(questions: [WarmUpQuestion], report: @escaping @Sendable (Int, Int) -> Void) {
        self.questions = questions
        self.report = report
    }

    var result: WarmUpResult { state.withLock { $0.result } }

    func next() -> WarmUpQuestion? {
        state.withLock { state in
            guard state.next < questions.count else { return nil }
            defer { state.next += 1 }
            return questions[state.next]
        }
    }

    func finished(isWarm: Bool) {
        let done = state.withLock { state in
            if isWarm { state.result.warmed += 1 } else { state.result.failed += 1 }
            return state.result.done
        }
        report(done, questions.count)
    }
}

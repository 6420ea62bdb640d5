import PluginAPI

/// What a client is told when a call gives no answer. Nothing of the inside goes out: what is not a refusal in plain words
/// is logged under the request's ID and answered in general terms.
enum FailureAnswer {
    static func problem(for failure: any Error) -> Problem {
        switch failure {
        case let problem as Problem: problem
        case let failure as StorageError: problem(for: failure)
        case let overflow as ScopedOverflow: .unprocessable(overflow.sentence, errors: [])
        case let excess as ReplyTooLarge: .unprocessable(excess.sentence, errors: [])
        case let failure as JSONSyntaxError:
            .badRequest("The body \(failure.detail) at line \(failure.line), column \(failure.column).")
        case is DeadlinePassed: .unavailable("The answer took longer than a request may take; try again.")
        case is Overloaded: .unavailable("Too many requests are waiting for this service; try again.")
        case let held as ModuleHeldBack:
            .unavailable("The service is not called for now: \(held.reason).", retryAfter: held.retryAfter)
        case is CancellationError: .unavailable("The request was cancelled; try again.")
        default: internalError
        }
    }

    /// Whether the failure is ours, so that an operator should read of it.
    static func isLogged(_ failure: any Error) -> Bool {
        switch failure {
        case let problem as Problem: problem.status >= 500 && problem.status != 503
        case is JSONSyntaxError, is CancellationError, is ScopedOverflow: false
        case let excess as ReplyTooLarge: excess.isGross
        // Many at once, which counters and the module's status tell of.
        case is Overloaded, is ModuleHeldBack: false
        default: true
        }
    }

    /// Whether storage or the service gave no answer, so that an old one is better than none.
    static func isOutage(_ failure: any Error) -> Bool {
        switch failure {
        case let failure as StorageError:
            switch failure {
            case .unavailable, .timedOut: true
            case .constraint, .full, .statement: false
            @unknown default: false
            }
        case is DeadlinePassed, is ModuleHeldBack, is Overloaded: true
        default: false
        }
    }

    static func outcome(of failure: any Error) -> OperationMeters.CallOutcome {
        switch failure {
        case let problem as Problem:
            problem.status < 500 ? .refused : outcome(ofStatus: problem.status)
        case is JSONSyntaxError, is ScopedOverflow: .refused
        case let excess as ReplyTooLarge: excess.isGross ? .failed : .refused
        case StorageError.statement, StorageError.constraint: .failed
        case is StorageError, is DeadlinePassed, is Overloaded, is ModuleHeldBack, is CancellationError: .unavailable
        default: .failed
        }
    }

    /// What the failure of a call says about the module that was called.
    static func verdict(of failure: any Error) -> CallBreaker.Verdict {
        switch failure {
        case let problem as Problem: verdict(ofStatus: problem.status)
        case is JSONSyntaxError, is ScopedOverflow: .answered
        case let excess as ReplyTooLarge: excess.isGross ? .endangering : .answered
        case StorageError.statement: .failed
        case is StorageError, is DeadlinePassed, is Overloaded, is ModuleHeldBack, is CancellationError: .unknown
        default: .failed
        }
    }

    /// A module may say by itself that it has failed.
    static func verdict(of reply: Reply) -> CallBreaker.Verdict { verdict(ofStatus: reply.status) }
    static func outcome(of reply: Reply) -> OperationMeters.CallOutcome { outcome(ofStatus: reply.status) }

    private static func verdict(ofStatus status: Int) -> CallBreaker.Verdict {
        status < 500 ? .answered : status == 503 ? .unknown : .failed
    }

    private static func outcome(ofStatus status: Int) -> OperationMeters.CallOutcome {
        status < 500 ? .ok : status == 503 ? .unavailable : .failed
    }

    private static let internalError = Problem(
        status: 500, title: "Internal server error",
        detail: "Something went wrong here; the request ID leads operators to it.")

    private static func problem(for failure: StorageError) -> Problem {
        switch failure {
        case .unavailable: .unavailable("The database cannot be reached now; try again.", retryAfter: 2)
        case .timedOut: .unavailable("The database took too long to answer; try again.")
        case .full: .unavailable("The database takes no writes now: its disk is full or read-only.", retryAfter: 30)
        case .constraint: .conflict("The change contradicts what is stored already.")
        case .statement: internalError
        @unknown default: internalError
        }
    }
}

extension ScopedOverflow {
    fileprivate var sentence: String {
        switch self {
        case .rows(let max): "The answer has more than \(max) rows; ask for less by the parameters."
        case .bytes(let max): "The answer has more than \(max) bytes; ask for less by the parameters."
        @unknown default: "The answer is too large; ask for less by the parameters."
        }
    }
}

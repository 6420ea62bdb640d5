/// What a guard says of an account.
enum GuardState: String, Sendable, CaseIterable {
    case ok
    case warning
    /// A limit was passed; latched until an operator releases it.
    case tripped
    /// The source says too little, or said it too long ago, to judge by.
    case unknown

    /// The word that older clients read.
    var alertType: String {
        switch self {
        case .ok: "normal"
        case .warning, .unknown: "warning"
        case .tripped: "critical"
        }
    }

    /// Which of several accounts' states stands for all of them: the highest.
    var precedence: Int {
        switch self {
        case .ok: 0
        case .warning: 1
        case .unknown: 2
        case .tripped: 3
        }
    }
}

/// What happens when a guard finds its limit passed.
enum GuardAct: String, Sendable, CaseIterable {
    /// It is shown.
    case report
    /// It is shown, and the account's positions are to be closed.
    case close
}

/// One thing that is wrong with the configuration, where, and what to do about it.
struct ConfigurationMistake: Sendable, Hashable {
    enum Severity: String, Sendable {
        /// Nothing starts.
        case error
        /// It works, and is probably not what was meant.
        case warning
    }

    var severity: Severity
    var origin: SettingOrigin
    /// The dotted path of the setting, such as `server.port`; empty for the document.
    var path: String
    /// A clause without a capital and a full stop. It never holds a secret.
    var detail: String
    /// What to do: `did you mean `port`?`
    var hint: String?
    /// The source line from the caret on may show a secret.
    var hidesSource: Bool

    init(
        _ severity: Severity = .error,
        at origin: SettingOrigin,
        path: String = "",
        _ detail: String,
        hint: String? = nil,
        hidesSource: Bool = false
    ) {
        self.severity = severity
        self.origin = origin
        self.path = path
        self.detail = detail
        self.hint = hint
        self.hidesSource = hidesSource
    }

    /// Detail and hint in one line.
    var sentence: String { hint.map { "\(detail); \($0)" } ?? detail }
}

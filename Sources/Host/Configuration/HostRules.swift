import PluginAPI

/// What several settings must be together.
struct HostRules {
    let document: CheckedSetting
    let variables: [String: String]
    /// Nothing was wrong with any single setting: what is not there was left out.
    let isSound: Bool
    private(set) var mistakes: [ConfigurationMistake] = []

    private init(document: CheckedSetting, variables: [String: String], isSound: Bool) {
        self.document = document
        self.variables = variables
        self.isSound = isSound
    }

    /// Fewer bytes can be guessed.
    static let secretBytesMin = 32

    /// - Returns: The broken rules. Settings that are themselves mistaken are missing here and break none.
    static func mistakes(
        _ document: CheckedSetting,
        variables: [String: String],
        isSound: Bool
    ) -> [ConfigurationMistake] {
        var rules = HostRules(document: document, variables: variables, isSound: isSound)
        rules.checkSecret()
        rules.checkDebug()
        rules.checkListeners()
        rules.checkDeadlines()
        return rules.mistakes
    }

    private var isProduction: Bool { document["environment"]?.value.text == "production" }

    private mutating func checkSecret() {
        let path = "auth.jwt.secret"
        guard let setting = document.setting(at: path), case .scalar(.secret(let secret), _) = setting.content else {
            return checkMissingSecret(path)
        }
        guard let problem = HostRules.problem(of: secret) else { return }
        let hint = "make one with: openssl rand -hex 32"
        if isProduction || secret.revealed().isEmpty {
            add(.error, setting.origin, path, "`\(path)` \(problem)", hint)
        } else {
            add(.warning, setting.origin, path, "`\(path)` \(problem), which production refuses", hint)
        }
    }

    private mutating func checkMissingSecret(_ path: String) {
        guard let jwt = document.setting(at: "auth.jwt") else { return }
        let origin = jwt.origin.position == nil ? document["environment"]?.origin ?? .preset : jwt.origin
        let hint = "set JWT_SECRET_KEY, or write secret: \"${file:PATH}\""
        if isProduction {
            add(.error, origin, path, "`\(path)` is required in production", hint)
        } else if isSound, SecretSource(document) == nil {
            add(.error, origin, path, "`\(path)` is required with a storage that has no file to keep one beside", hint)
        }
    }

    private static func problem(of secret: Secret) -> String? {
        let text = secret.revealed().lowercased()
        let isPlaceholder = ["change", "your-", "your_", "example", "placeholder"].contains { text.contains($0) }
        if secret.revealed().utf8.count < secretBytesMin { return "has fewer than \(secretBytesMin) bytes" }
        if isPlaceholder || Set(text.utf8).count < 4 { return "is a default that anyone can guess" }
        return nil
    }

    private mutating func checkDebug() {
        guard isProduction, let debug = variables["DEBUG"], HostRules.isTrue(debug) else { return }
        add(.error, .variable("DEBUG"), "log.level", "`DEBUG` is on in production", "unset it; set LOG_LEVEL instead")
    }

    /// How the replaced service's environment says yes.
    static func isTrue(_ text: String) -> Bool { ["true", "1", "yes", "on"].contains(text.lowercased()) }

    private mutating func checkListeners() {
        guard let admin = document.setting(at: "admin.host"), let adminHost = admin.value.text.map({ HostAddress($0) })
        else { return }
        if !adminHost.isLoopback {
            add(
                .error, admin.origin, "admin.host", "`admin.host` is reachable from other machines without TLS",
                "use 127.0.0.1, ::1 or localhost")
        }
        guard let host = document.setting(at: "server.host")?.value.text,
            let port = document.setting(at: "server.port")?.value, port != .integer(0),
            let adminPort = document.setting(at: "admin.port"), adminPort.value == port,
            HostAddress(host).overlaps(adminHost)
        else { return }
        let origin =
            adminPort.origin == .preset
            ? document.setting(at: "server.port")?.origin ?? .preset : adminPort.origin
        add(.error, origin, "admin.port", "`admin.port` and `server.port` are the same", "choose two ports")
    }

    /// No call outlives its request.
    private mutating func checkDeadlines() {
        guard let request = document.setting(at: "limits.request_timeout"), case .duration(let max) = request.value,
            let limits = document.setting(at: "modules.limits")
        else { return }
        var deadlines = [("modules.limits.deadline", limits["deadline"])]
        deadlines += (limits["of"]?.entries ?? []).map {
            ("modules.limits.of.\($0.key).deadline", $0.setting["deadline"])
        }
        for case (let path, let setting?) in deadlines {
            guard case .duration(let deadline) = setting.value, deadline > max else { continue }
            add(
                .warning, setting.origin, path, "`\(path)` is longer than `limits.request_timeout` and never reached",
                "make it \(QuantityText.milliseconds.format(max.wholeMilliseconds)) or less, or let requests take longer"
            )
        }
    }

    private mutating func add(
        _ severity: ConfigurationMistake.Severity,
        _ origin: SettingOrigin,
        _ path: String,
        _ detail: String,
        _ hint: String
    ) {
        let isSecret = path == "auth.jwt.secret"
        mistakes.append(
            ConfigurationMistake(severity, at: origin, path: path, detail, hint: hint, hidesSource: isSecret))
    }
}

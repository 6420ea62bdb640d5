/// An environment variable of the service that Concord replaces, and the setting it stands for.
struct VariableAlias: Sendable {
    let name: String
    /// Keys from the top; a service's settings are `queries`, its ID, and the key.
    let path: [String]
    var form = Form.asIs

    enum Form: Sendable {
        case asIs
        /// Letters in any case, some words under other names.
        case word([String: String])
        /// A number of the unit, with decimals or without.
        case quantity(unitMilliseconds: Int)
    }

    static let all = [
        VariableAlias(
            name: "APP_ENV", path: ["environment"], form: .word(["prod": "production", "dev": "development"])),
        VariableAlias(name: "DATABASE_URL", path: ["storage", "postgres", "url"]),
        VariableAlias(name: "DB_POOL_SIZE", path: ["storage", "postgres", "pool_size"]),
        VariableAlias(name: "DB_MAX_OVERFLOW", path: ["storage", "postgres", "max_overflow"]),
        VariableAlias(name: "REDIS_URL", path: ["cache", "redis", "url"]),
        VariableAlias(
            name: "REDIS_SOCKET_TIMEOUT", path: ["cache", "redis", "socket_timeout"],
            form: .quantity(unitMilliseconds: 1000)),
        VariableAlias(
            name: "REDIS_SOCKET_CONNECT_TIMEOUT", path: ["cache", "redis", "connect_timeout"],
            form: .quantity(unitMilliseconds: 1000)),
        VariableAlias(name: "JWT_ALGORITHM", path: ["auth", "jwt", "algorithm"]),
        VariableAlias(name: "JWT_SECRET_KEY", path: ["auth", "jwt", "secret"]),
        VariableAlias(
            name: "JWT_EXPIRATION_HOURS", path: ["auth", "jwt", "lifetime"],
            form: .quantity(unitMilliseconds: 3_600_000)),
        VariableAlias(
            name: "CACHE_TTL_SECONDS", path: ["cache", "default_ttl"], form: .quantity(unitMilliseconds: 1000)),
        VariableAlias(name: "CACHE_PREFIX", path: ["cache", "prefix"]),
        VariableAlias(name: "RECONCILIATION_BATCH_SIZE", path: ["queries", "reconciliation", "batch_size"]),
        VariableAlias(
            name: "POSITION_QUERY_TIMEOUT", path: ["queries", "positions", "timeout"],
            form: .quantity(unitMilliseconds: 1000)),
        VariableAlias(
            name: "LOG_LEVEL", path: ["log", "level"],
            form: .word(["warn": "warning", "fatal": "critical"])),
    ]

    /// The backend whose address the variable is; a foreign one that is set means that another was expected.
    var backend: (section: String, module: String)? {
        switch name {
        case "DATABASE_URL": ("storage", "postgres")
        case "REDIS_URL": ("cache", "redis")
        default: nil
        }
    }

    /// The variable's text as the file would have it.
    func text(_ value: String) throws(ValueProblem) -> String {
        switch form {
        case .asIs: return value
        case .word(let others): return others[value.lowercased()] ?? value.lowercased()
        case .quantity(let factor): return try VariableAlias.duration(value, factor)
        }
    }

    private static func duration(_ value: String, _ factor: Int) throws(ValueProblem) -> String {
        let parts = value.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let areDigits = parts.allSatisfy { part in
            (1...9).contains(part.utf8.count)
                && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        guard areDigits, let whole = Int(parts[0]) else {
            throw ValueProblem("is not a number", hint: "write it without a unit")
        }
        var rest = 0
        if parts.count == 2, let digits = Int(parts[1]) {
            let power = (0..<parts[1].utf8.count).reduce(1) { product, _ in product * 10 }
            guard digits * factor % power == 0 else { throw ValueProblem("is finer than a millisecond") }
            rest = digits * factor / power
        }
        return QuantityText.milliseconds.format(whole * factor + rest)
    }
}

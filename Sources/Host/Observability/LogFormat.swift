import PluginAPI

/// How one entry is spelled: `json` for machines, `text` for people.
enum LogFormat: String, Sendable, CaseIterable {
    case json, text

    /// One entry and a line feed. Fields keep their order.
    ///
    /// - Parameter fields: What ``masked(_:)`` gave, or what can hold no secret.
    func line(_ level: LogLevel, _ message: String, _ fields: [(key: String, value: String)], at time: Timestamp)
        -> [UInt8]
    {
        switch self {
        case .json: Self.json(level, message, fields, time)
        case .text: Self.text(level, message, fields, time)
        }
    }

    /// The same fields; what a key calls a secret is `•••`.
    static func masked(_ fields: [(key: String, value: String)]) -> [(key: String, value: String)] {
        fields.map { (key: $0.key, value: isSecret($0.key) ? "•••" : $0.value) }
    }

    private static func json(
        _ level: LogLevel,
        _ message: String,
        _ fields: [(key: String, value: String)],
        _ time: Timestamp
    ) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("time", time)
            json.field("level", level.rawValue)
            json.field("message", message)
            for field in fields { json.field(reserved.contains(field.key) ? "\(field.key)_" : field.key, field.value) }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    /// `2026-01-05T10:00:00Z INFO  snapshot stored account_id=acc-1`; nothing a client sends can start a new line.
    private static func text(
        _ level: LogLevel,
        _ message: String,
        _ fields: [(key: String, value: String)],
        _ time: Timestamp
    ) -> [UInt8] {
        let word = level.rawValue.uppercased()
        let padding = String(repeating: " ", count: max(1, 9 - word.utf8.count))
        var line = "\(time) \(word)\(padding)\(printable(message))"
        for field in fields { line += " \(field.key)=\(quoted(field.value))" }
        return Array(line.utf8) + [UInt8(ascii: "\n")]
    }

    private static let reserved: Set<String> = ["time", "level", "message"]
    private static let secretWords = ["token", "secret", "password", "authorization"].map { Array($0.utf8) }

    /// Looked for among the bytes: the library's search of one text in another takes longer than the whole rest of an entry.
    static func isSecret(_ key: String) -> Bool {
        // Letters in lower case; what is none does not become one.
        let bytes = key.utf8.map { $0 | 0x20 }
        if hasSecretWord(bytes) { return true }
        // There are others whose lower case is one of these letters, like the sign of the kelvin.
        return bytes.contains { $0 >= 0x80 } && hasSecretWord(Array(key.lowercased().utf8))
    }

    private static func hasSecretWord(_ bytes: [UInt8]) -> Bool {
        secretWords.contains { word in bytes.indices.contains { bytes[$0...].starts(with: word) } }
    }

    private static func quoted(_ value: String) -> String {
        let needsQuotes = value.isEmpty || value.unicodeScalars.contains { $0 == " " || $0 == "\"" || $0 == "=" }
        return needsQuotes ? "\"\(printable(value))\"" : printable(value)
    }

    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F || $0 == "\"" }) else {
            return text
        }
        return text.unicodeScalars.map { scalar in
            scalar == "\""
                ? "\\\"" : scalar.value < 0x20 || scalar.value == 0x7F ? "\\u{\(scalar.value)}" : String(scalar)
        }.joined()
    }
}

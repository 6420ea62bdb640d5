import PluginAPI

/// The name of a module in Swift: the type's, the folder's and the target's; and what follows from it.
struct ModuleName: Equatable {
    /// `TurnoverByDay`
    let text: String

    /// `turnover_by_day`
    var id: ModuleDescriptor.ModuleID { Self.snakeCase(text) }
    /// `TurnoverByDayModule`
    var type: String { text + "Module" }
    /// `TurnoverByDayTests`
    var tests: String { text + "Tests" }

    /// So that every line that has it stays within 120 columns.
    static let lengthMax = 30

    /// - Throws: ``ScaffoldRefusal`` for what is no name of a Swift type, or none that a module may have.
    init(_ text: String) throws(ScaffoldRefusal) {
        self.text = text
        if Self.keywords.contains(text) { throw ScaffoldRefusal("`\(text)` is a word of Swift's own; name another") }
        guard let first = text.utf8.first, Self.isUpper(first), text.utf8.allSatisfy(Self.isLetterOrDigit) else {
            throw ScaffoldRefusal(
                "`\(text)` is no name of a module: a Swift type's, such as Turnover, letters and digits only"
            )
        }
        guard text.utf8.count <= Self.lengthMax else {
            throw ScaffoldRefusal("`\(text)` is longer than \(Self.lengthMax) letters")
        }
        for end in ["Module", "Tests"] where text.hasSuffix(end) {
            throw ScaffoldRefusal("`\(text)` ends in \(end), which is added where it belongs; leave it out")
        }
        if Self.reserved.contains(text) {
            throw ScaffoldRefusal("`\(text)` is the name of something every module uses; name another")
        }
    }

    private static func snakeCase(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if isUpper(byte), index > 0 {
                let followsSmall = !isUpper(bytes[index - 1])
                let precedesSmall = index + 1 < bytes.count && !isUpper(bytes[index + 1])
                if followsSmall || precedesSmall { out.append(UInt8(ascii: "_")) }
            }
            out.append(isUpper(byte) ? byte | 0x20 : byte)
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isUpper(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static let keywords: Set<String> = [
        "Any", "Protocol", "Self", "Type", "actor", "as", "associatedtype", "async", "await", "break", "case", "catch",
        "class", "continue", "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false",
        "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "macro",
        "nil", "operator", "package", "precedencegroup", "private", "protocol", "public", "repeat", "rethrows",
        "return", "self", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try",
        "typealias", "var", "where", "while",
    ]

    /// Modules and types that the generated files, the registry and every author's next line mean by their bare names.
    private static let reserved: Set<String> = [
        "Array", "Bool", "Caller", "Character", "Concord", "Data", "Date", "Dictionary", "Double", "Duration", "Error",
        "FixedDecimal", "Foundation", "FoundationEssentials", "Glibc", "Int", "Int64", "Logger", "Metrics",
        "Migration", "Module", "Never", "PluginAPI", "PluginConformance", "PluginTesting", "CPluginABI", "Host",
        "Operation", "Optional", "Parameter", "Problem", "QueryService", "Reply",
        "Request", "Result", "Row", "Rows", "SQL", "Schema", "Secret", "Set", "String", "Swift", "Synchronization",
        "Task", "Testing", "Timestamp", "Value", "Void", "XCTest",
    ]
}

/// Why nothing was begun: one sentence.
struct ScaffoldRefusal: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

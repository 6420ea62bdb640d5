import PluginAPI

/// One way to ask a query: its parameters, and what an answer with rows in it shows.
struct QueryCase {
    var values: [String: Value] = [:]
    var choices: [String: [String]] = [:]
    /// `breaks class=side_flip`: some answer to it must not be empty, or nothing was compared.
    var shows: String?

    /// Every filter by itself, with each of its values, and random ones together.
    static func all(of operation: PluginAPI.Operation, now: Timestamp, _ random: inout SeededRandom) -> [QueryCase] {
        let filters = operation.parameters.filter { !operation.path.contains("{\($0.name)}") }
        let single = filters.map { filter in settings(of: filter, in: operation.name, now: now) }
        var cases = [QueryCase(shows: operation.name)] + single.joined()
        for _ in 0..<(filters.count > 1 ? 12 : 0) {
            let together = single.compactMap { Bool.random(using: &random) ? $0.randomElement(using: &random) : nil }
            cases.append(
                together.reduce(into: QueryCase()) { joint, one in
                    joint.values.merge(one.values) { $1 }
                    joint.choices.merge(one.choices) { $1 }
                })
        }
        return cases
    }

    private static func settings(of filter: Parameter, in operation: String, now: Timestamp) -> [QueryCase] {
        let name = filter.name
        func cases(_ values: [Value]) -> [QueryCase] {
            values.map { QueryCase(values: [name: $0], shows: "\(operation) \(name)") }
        }
        switch filter.kind {
        case .symbol: return cases(["EURUSD", "xauusd", "GBPUSD.m", "ODDITY", "NOTHING"].map { .text($0) })
        case .choice(let all):
            // Of resolved breaks there is no other sight.
            let always = operation == "breaks" ? ["status": ["all"]] : [:]
            return all.map {
                QueryCase(values: [name: .text($0)], choices: always, shows: "\(operation) \(name)=\($0)")
            }
        case .choices(let all):
            return all.map { QueryCase(choices: [name: [$0]], shows: "\(operation) \(name)=\($0)") }
                + [QueryCase(choices: [name: Array(all.prefix(2))])]
        case .duration: return cases([0, 30, 120].map { .integer($0 * 1_000_000) })
        case .time: return cases([600, 300, 60].map { .timestamp(now - .seconds($0)) })
        case .integer where name == "limit": return cases([4, 500].map { .integer($0) })
        case .integer(let range): return cases([range.lowerBound, 7, range.upperBound].map { .integer($0) })
        case .boolean: return cases([.boolean(true), .boolean(false)])
        case .text, .id, .decimal: return []
        @unknown default: return []
        }
    }
}

/// What has been compared: which cases had an answer with rows, and which lists more than one page.
struct Coverage {
    private(set) var wanted: Set<String> = []
    private(set) var shown: Set<String> = []

    /// What nobody has seen anything of.
    var missing: [String] { wanted.subtracting(shown).sorted() }

    mutating func note(_ query: QueryCase, of operation: PluginAPI.Operation, pages: [String]) {
        if operation.isPaged { note("\(operation.name) pages") { pages.count > 1 } }
        if let name = query.shows { note(name) { pages.contains(where: Self.hasRows) } }
    }

    private mutating func note(_ name: String, isShown: () -> Bool) {
        wanted.insert(name)
        if !shown.contains(name), isShown() { shown.insert(name) }
    }

    /// An object without lists, or one with something in a list.
    private static func hasRows(_ answer: String) -> Bool {
        guard case .object(let members)? = try? JSONValue(parsing: Array(answer.utf8)) else { return false }
        let lists = members.compactMap { member in if case .array(let rows) = member.value { rows } else { nil } }
        return lists.isEmpty || lists.contains { !$0.isEmpty }
    }
}

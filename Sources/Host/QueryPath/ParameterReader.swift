import MemoryBytes
import PluginAPI

/// Turns path and query of one operation into typed values, or lists everything that is wrong with them.
struct ParameterReader: Sendable {
    private let declared: [Parameter]
    /// What each parameter in the path is; an identifier unless declared.
    private let path: [Parameter]
    private let query: [Parameter]
    /// Names a client may give, sorted.
    private let names: [String]

    /// The parameter by which every account-scoped operation is narrowed to one account.
    static let accountID = Parameter("account_id", .id, "The account; agents and operators must give it")
    /// The parameter by which a client asks for the next page.
    static let cursor = Parameter("cursor", .text(maxBytes: 2_048), "The next_cursor of the page before")

    /// - Parameter pathNames: The parameters that the operation's path template has.
    init(_ operation: Operation, pathNames: [String]) {
        declared = operation.parameters
        path = pathNames.map { name in operation.parameters.first { $0.name == name } ?? Parameter(name, .id) }
        var query = operation.parameters.filter { !pathNames.contains($0.name) }
        if operation.scope == .accounts { query.append(ParameterReader.accountID) }
        if operation.isPaged { query.append(ParameterReader.cursor) }
        self.query = query
        names = query.map(\.name).sorted()
    }

    /// Every parameter in the query, those that the host adds included.
    var queryParameters: [Parameter] { query }
    var pathParameters: [Parameter] { path }

    /// - Throws: ``Problem`` 400 with one item for each thing that is wrong, path first, then as they were sent.
    func read(path segments: [String: String], query text: String?, now: Timestamp) throws(Problem) -> ReadParameters {
        var read = ReadParameters()
        var problems: [Problem.Item] = []
        for parameter in path {
            take(parameter, segments[parameter.name] ?? "", now, &read, &problems)
        }
        var seen: Set<String> = []
        var repeated: Set<String> = []
        for pair in QueryString(text).pairs {
            guard let parameter = query.first(where: { $0.name.utf8.elementsEqual(pair.name.utf8) }) else {
                if seen.insert(pair.name).inserted { problems.append(unknown(pair.name)) }
                continue
            }
            guard seen.insert(pair.name).inserted else {
                if repeated.insert(pair.name).inserted {
                    problems.append(.init(.parameter(pair.name), "is given more than once"))
                }
                continue
            }
            guard let value = pair.value else {
                problems.append(.init(.parameter(pair.name), "is not percent-encoded UTF-8"))
                continue
            }
            take(parameter, value, now, &read, &problems)
        }
        for parameter in query where !seen.contains(parameter.name) {
            fill(parameter, now, &read, &problems)
        }
        if !problems.isEmpty { throw ParameterReader.refusal(problems) }
        return read
    }

    private func take(
        _ parameter: Parameter,
        _ text: String,
        _ now: Timestamp,
        _ read: inout ReadParameters,
        _ problems: inout [Problem.Item]
    ) {
        do throws(ParameterText.Refusal) {
            read.set(parameter, try ParameterText(parsing: text, as: parameter.kind, now: now))
        } catch {
            problems.append(.init(.parameter(parameter.name), error.detail))
        }
    }

    private func fill(
        _ parameter: Parameter,
        _ now: Timestamp,
        _ read: inout ReadParameters,
        _ problems: inout [Problem.Item]
    ) {
        switch parameter.defaultValue {
        case nil, .value(.null):
            return
        case .ago(let duration):
            read.set(parameter, ParameterText(ago: duration, now: now))
        case .value(let value):
            take(parameter, value.parameterText, now, &read, &problems)
        @unknown default:
            return
        }
    }

    private func unknown(_ name: String) -> Problem.Item {
        let shown = String(decoding: Array(name.utf8.prefix(64)), as: UTF8.self)
        guard let nearest = NearestName.closest(to: name, among: names.sorted()) else {
            return .init(.parameter(shown), "is unknown: there are no parameters here")
        }
        return .init(.parameter(shown), "is unknown; the nearest valid one is \(nearest)")
    }

    private static func refusal(_ problems: [Problem.Item]) -> Problem {
        if problems.count == 1, case .parameter(let name) = problems[0].place {
            return .badParameter(name, problems[0].detail)
        }
        return .badRequest("\(problems.count) parameters are wrong.", errors: problems)
    }
}

/// The typed parameters of one request.
struct ReadParameters: Sendable {
    var values: [String: Value] = [:]
    var choices: [String: [String]] = [:]
    /// The account asked for by `account_id`.
    var account: String?
    /// As sent; opened once it is known whose data the request is about.
    var cursor: String?
    /// What stands for each value in cache keys, by name; without `account_id` and `cursor`.
    var keyTexts: [String: String] = [:]
    /// Whether a value depends on when it was read.
    var isRelative = false

    /// What it takes in memory besides its own fields; a value's text is about what it is in keys.
    var bytesOutside: Int {
        keyTexts.values.reduce(
            MemoryBytes.outside(values) + MemoryBytes.outside(choices) + MemoryBytes.outside(keyTexts)
        ) { $0 + 2 * MemoryBytes.outside($1) }
    }

    mutating func set(_ parameter: Parameter, _ text: ParameterText) {
        isRelative = isRelative || text.isRelative
        switch parameter.name {
        case ParameterReader.accountID.name where parameter.kind == .id:
            account = text.keyText
            values[parameter.name] = text.value
        case ParameterReader.cursor.name:
            cursor = text.keyText
        default:
            keyTexts[parameter.name] = text.keyText
            if let chosen = text.choices {
                choices[parameter.name] = chosen
            } else {
                values[parameter.name] = text.value
            }
        }
    }
}

extension Value {
    /// The value as a client would write it in a query.
    var parameterText: String {
        switch self {
        case .null: ""
        case .boolean(let flag): flag ? "true" : "false"
        case .integer(let number): String(number)
        case .decimal(let number): number.description
        case .text(let text), .json(let text): text
        case .timestamp(let time): time.description
        }
    }
}

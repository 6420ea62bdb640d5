import PluginAPI

/// Declarations that cannot be served, each in a sentence that names the operation.
struct DeclarationError: Error, Equatable, CustomStringConvertible {
    var problems: [String]
    var description: String { problems.joined(separator: "; ") }
}

/// Finds what is wrong with an operation's declaration before the first request does.
struct DeclarationCheck {
    private let operation: Operation
    private let segments: [RouteSegment]
    private let templateProblem: String?

    init(_ operation: Operation) {
        self.operation = operation
        do throws(RouteTableError) {
            segments = try RouteSegment.parse(operation.path)
            templateProblem = nil
        } catch {
            segments = []
            templateProblem = error.description
        }
    }

    /// The parameters in the path, in order.
    var pathNames: [String] { segments.compactMap(\.name) }

    /// Clauses that follow the operation's name.
    var problems: [String] {
        var problems: [String] = []
        if let problem = templateProblem ?? pathProblem { problems.append("cannot be reached: \(problem)") }
        if case .account(let name) = operation.scope, !pathNames.contains(name) {
            problems.append("takes its account from {\(name)}, which is not in its path")
        }
        if operation.roles.isEmpty { problems.append("may be called by no role") }
        if operation.isPaged, operation.method != .get { problems.append("is a command and cannot be paged") }
        return problems + parameterProblems
    }

    /// What clients would not get through to it.
    private var pathProblem: String? {
        if Self.hostPaths.contains(operation.path) { return "\(operation.path) is answered by the host itself" }
        let parts = operation.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard operation.path.utf8.count <= 512, !parts.isEmpty, parts.allSatisfy(Self.isSegment) else {
            return "\(operation.path.debugDescription) is no path; it is made of /name and /{parameter}, with letters, "
                + "digits, -, ., _ and ~"
        }
        return nil
    }

    /// Without the prefix of the listener.
    private static let hostPaths: Set<String> = ["/health", "/ready", "/trading/health", "/openapi.json"]

    private static func isSegment(_ part: Substring) -> Bool {
        let name = part.hasPrefix("{") && part.hasSuffix("}") ? part.dropFirst().dropLast() : part
        // Nothing in it would come percent-encoded, or be taken for a place.
        return !name.isEmpty && name != "." && name != ".." && name == PercentEncoding.encode(String(name))
    }

    private var parameterProblems: [String] {
        var problems: [String] = []
        var names: Set<String> = []
        for parameter in operation.parameters {
            if !names.insert(parameter.name).inserted { problems.append("declares \(parameter.name) twice") }
            if isReserved(parameter.name) { problems.append("declares \(parameter.name), which the host adds itself") }
            problems += defaultProblem(of: parameter)
        }
        return problems
    }

    private func isReserved(_ name: String) -> Bool {
        name == ParameterReader.cursor.name
            || (name == ParameterReader.accountID.name && operation.scope == .accounts)
    }

    private func defaultProblem(of parameter: Parameter) -> [String] {
        guard case .value(let value)? = parameter.defaultValue, !value.isNull else { return [] }
        do throws(ParameterText.Refusal) {
            _ = try ParameterText(
                parsing: value.parameterText, as: parameter.kind, now: Timestamp(microseconds: 0))
            return []
        } catch {
            return ["has a default for \(parameter.name) that \(error.detail)"]
        }
    }
}

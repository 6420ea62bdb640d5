import HTTPTypes

/// Finds what answers a method and a path, and says why when nothing does.
///
/// A literal segment wins over a parameter at the same place. The most specific path decides alone: when it does not take
/// the method the answer is 405, even if a less specific path would take it, because the path names another thing then.
/// A target for GET also answers HEAD.
struct RouteTable<Target: Sendable>: Sendable {
    /// One line of the table.
    struct Entry: Sendable {
        var method: HTTPRequest.Method
        /// Segments with parameters in braces: `/api/v1/positions/{position_id}`.
        var template: String
        var target: Target
    }

    /// What a look-up comes to.
    enum Match: Sendable {
        /// - Parameters:
        ///   - template: The entry's, for metrics and logs in place of the raw path.
        ///   - parameters: Decoded segments by their names in the template.
        case found(Target, template: String, parameters: [String: String])
        /// - Parameter allow: The methods this path takes, sorted, for the header `Allow`.
        case methodNotAllowed(template: String, allow: String)
        case notFound
        /// The path is not percent-encoded UTF-8.
        case badPath
    }

    private var root = RouteNode<Target>()

    init(_ entries: [Entry]) throws(RouteTableError) {
        for entry in entries { try insert(entry) }
    }

    /// - Parameter path: As sent, percent-encoded, without the query.
    func match(method: HTTPRequest.Method, path: String) -> Match {
        guard path.utf8.first == UInt8(ascii: "/") else { return .notFound }
        var segments: [String] = []
        for segment in path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let text = PercentEncoding.decodeText(segment) else { return .badPath }
            segments.append(text)
        }
        guard let leaf = root.leaf(for: segments[...]) else { return .notFound }
        let wanted = method == .head && leaf.routes[.head] == nil ? .get : method
        guard let route = leaf.routes[wanted] else {
            return .methodNotAllowed(template: leaf.anyTemplate, allow: leaf.allow)
        }
        var parameters: [String: String] = [:]
        for (index, name) in route.parameters { parameters[name] = segments[index] }
        return .found(route.target, template: route.template, parameters: parameters)
    }

    private mutating func insert(_ entry: Entry) throws(RouteTableError) {
        let segments = try RouteSegment.parse(entry.template)
        let names = segments.enumerated().compactMap { index, segment in segment.name.map { (index, $0) } }
        let route = RouteNode.Route(template: entry.template, target: entry.target, parameters: names)
        let before = root.insert(route, for: entry.method, at: segments[...])
        if let before {
            throw .duplicate(method: entry.method.rawValue, first: before.template, second: entry.template)
        }
    }
}

/// Why entries do not make a table.
enum RouteTableError: Error, Equatable, CustomStringConvertible {
    /// Two entries would answer the same requests; rename one.
    case duplicate(method: String, first: String, second: String)
    /// A template is not segments behind slashes with each parameter named once.
    case badTemplate(String, detail: String)

    var description: String {
        switch self {
        case .duplicate(let method, let first, let second):
            "the routes \(method) \(first) and \(method) \(second) answer the same requests"
        case .badTemplate(let template, let detail):
            "the route \(template) \(detail)"
        }
    }
}

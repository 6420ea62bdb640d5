import HTTPTypes

/// One segment of a template.
enum RouteSegment: Sendable {
    /// Compared as bytes.
    case literal(String)
    case parameter(String)

    var name: String? {
        if case .parameter(let name) = self { name } else { nil }
    }

    static func parse(_ template: String) throws(RouteTableError) -> [RouteSegment] {
        guard template.first == "/" else { throw .badTemplate(template, detail: "does not begin with a slash") }
        if template == "/" { return [.literal("")] }
        var segments: [RouteSegment] = []
        var names: Set<String> = []
        for text in template.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let segment = try RouteSegment(String(text), of: template)
            if let name = segment.name, !names.insert(name).inserted {
                throw .badTemplate(template, detail: "names {\(name)} twice")
            }
            segments.append(segment)
        }
        return segments
    }

    private init(_ text: String, of template: String) throws(RouteTableError) {
        guard !text.isEmpty else { throw .badTemplate(template, detail: "has an empty segment") }
        if text.first == "{", text.last == "}", text.count > 2 {
            self = .parameter(String(text.dropFirst().dropLast()))
        } else if text.contains("{") || text.contains("}") {
            throw .badTemplate(template, detail: "has a parameter that is not a whole segment")
        } else {
            self = .literal(text)
        }
    }
}

/// A place in the tree of segments.
struct RouteNode<Target: Sendable>: Sendable {
    struct Route: Sendable {
        var template: String
        var target: Target
        /// Where each parameter stands among the segments.
        var parameters: [(Int, String)]
    }

    private(set) var routes: [HTTPRequest.Method: Route] = [:]
    private var literals: [[UInt8]: RouteNode] = [:]
    /// At most one element; an array because a value cannot contain itself.
    private var parameter: [RouteNode] = []

    /// The methods that end here, sorted; HEAD where GET is.
    var allow: String {
        var methods = Set(routes.keys.map(\.rawValue))
        if methods.contains("GET") { methods.insert("HEAD") }
        return methods.sorted().joined(separator: ", ")
    }

    var anyTemplate: String { routes.values.map(\.template).min() ?? "/" }

    /// - Returns: The route that was there already, if any; then nothing is changed.
    mutating func insert(
        _ route: Route,
        for method: HTTPRequest.Method,
        at segments: ArraySlice<RouteSegment>
    ) -> Route? {
        switch segments.first {
        case nil:
            if let before = routes[method] { return before }
            routes[method] = route
            return nil
        case .literal(let text):
            return literals[Array(text.utf8), default: RouteNode()]
                .insert(route, for: method, at: segments.dropFirst())
        case .parameter:
            if parameter.isEmpty { parameter.append(RouteNode()) }
            return parameter[0].insert(route, for: method, at: segments.dropFirst())
        }
    }

    /// The most specific node that all segments lead to. An empty segment is no parameter's value.
    func leaf(for segments: ArraySlice<String>) -> RouteNode? {
        guard let segment = segments.first else { return routes.isEmpty ? nil : self }
        let rest = segments.dropFirst()
        if let leaf = literals[Array(segment.utf8)]?.leaf(for: rest) { return leaf }
        return segment.isEmpty ? nil : parameter.first?.leaf(for: rest)
    }
}

import PluginAPI

/// Reads the members of JSON objects, one object after another, by the names and rules it is given, and notes every
/// problem where it stands.
///
/// An optional member may be absent or null. Reading goes on after a problem, so a caller gets `nil` for what it cannot
/// use and must refuse the body by its ``BodyProblems`` in the end. What reads a member is compiled into its caller, rule
/// and all: a request has a dozen members a row.
public struct ObjectReader {
    let json: JSONDocument
    let problems: BodyProblems
    private let fields: FieldList
    private var object: JSONDocument.Index = 0
    /// How far behind its object the value of each field stands; 0 for a field that is absent.
    private var offsets: [Int]
    /// The layout of objects that the offsets are good for; none when each object has problems of its own.
    private var layout: Int?
    private var lastAsked = -1
    private var place = BodyPlace.body

    init(_ json: JSONDocument, _ fields: FieldList, _ problems: BodyProblems) {
        self.json = json
        self.fields = fields
        self.problems = problems
        offsets = Array(repeating: 0, count: fields.names.count)
    }

    /// Goes to an object. Members with other names than the fields' are noted.
    ///
    /// - Returns: Whether the value is an object; if not, the problem is noted.
    mutating func open(_ object: JSONDocument.Index, at place: BodyPlace) -> Bool {
        self.place = place
        lastAsked = -1
        guard json.kind(of: object) == .object else {
            problems.add(place.pointer, "must be an object, not \(json.kind(of: object).name)")
            return false
        }
        self.object = object
        let layout = json.layout(of: object)
        if layout != self.layout { findFields(layout) }
        return true
    }

    private mutating func findFields(_ layout: Int) {
        self.layout = layout
        for field in offsets.indices { offsets[field] = 0 }
        var last = -1
        json.forEachMember(of: object) { name, value in
            if let field = fields.index(of: name, after: last) {
                offsets[field] = value - object
                last = field
            } else {
                noteUnknown(name.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
                self.layout = nil
            }
        }
    }

    private func noteUnknown(_ name: String) {
        let nearest = NearestName.of(name, among: fields.names)
        let hint = nearest.map { "did you mean \"\($0)\"?" } ?? "known are \(fields.names.joined(separator: ", "))"
        problems.add(pointer(name), "is not a field here; \(hint)")
    }

    func pointer(_ name: String) -> String { JSONPointer.member(name, of: place.pointer) }

    public mutating func has(_ name: String) -> Bool { member(name) != nil }

    @inline(__always)
    public mutating func required<Value>(_ name: String, _ rule: MemberRule<Value>) -> Value? {
        guard let value = member(name) else {
            note(name, "is missing")
            return nil
        }
        return read(name, value, rule)
    }

    @inline(__always)
    public mutating func optional<Value>(_ name: String, _ rule: MemberRule<Value>) -> Value? {
        guard let value = member(name) else { return nil }
        return read(name, value, rule)
    }

    /// A member's elements; none when it is absent, and none with the problem noted when it is no array or too long.
    mutating func elements(_ name: String, max: Int) -> JSONDocument.Elements? {
        guard let value = member(name) else { return nil }
        guard json.kind(of: value) == .array else {
            problems.add(pointer(name), "must be an array, not \(json.kind(of: value).name)")
            return nil
        }
        guard json.count(of: value) <= max else {
            problems.add(pointer(name), "has \(json.count(of: value)) elements; at most \(max) are taken")
            return nil
        }
        return json.elements(of: value)
    }

    /// A member's elements by a rule, each problem noted where it stands; `nil` when there is one, or no such member.
    public mutating func list<Value>(_ name: String, max: Int, _ rule: MemberRule<Value>) -> [Value]? {
        guard let elements = elements(name, max: max) else { return nil }
        var values: [Value]? = []
        for (index, element) in elements.enumerated() {
            do {
                values?.append(try rule.read(json, element))
            } catch {
                problems.add(JSONPointer.element(index, of: pointer(name)), error.detail)
                values = nil
            }
        }
        return values
    }

    /// Where a member stands; null counts as absent.
    @inline(__always)
    mutating func member(_ name: String) -> JSONDocument.Index? {
        lastAsked = fields.index(of: name, after: lastAsked)
        let offset = offsets[lastAsked]
        return offset == 0 || json.kind(of: object + offset) == .null ? nil : object + offset
    }

    @inline(__always)
    private mutating func read<Value>(_ name: String, _ value: JSONDocument.Index, _ rule: MemberRule<Value>) -> Value?
    {
        do {
            return try rule.read(json, value)
        } catch {
            note(name, error.detail)
            return nil
        }
    }

    /// Notes a problem of a member.
    @inline(never)
    public mutating func note(_ name: String, _ detail: String) { problems.add(pointer(name), detail) }
}

/// Where an object stands in a body. Its pointer is made when there is something to say of it.
enum BodyPlace {
    case body
    case member(String)
    /// An element of the list with this pointer.
    case element(Int, of: String)

    var pointer: String {
        switch self {
        case .body: ""
        case .member(let name): JSONPointer.member(name, of: "")
        case .element(let index, let list): JSONPointer.element(index, of: list)
        }
    }
}

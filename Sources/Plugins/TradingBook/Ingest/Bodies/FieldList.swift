import PluginAPI

/// The names of the members that an object may have, laid out so that a member is known by its bytes.
struct FieldList: Sendable {
    let names: [String]
    private let bytes: [UInt8]
    /// Where each name ends in ``bytes``.
    private let ends: [Int]

    init(_ names: [String]) {
        self.names = names
        bytes = names.flatMap(\.utf8)
        var end = 0
        ends = names.map { name in
            end += name.utf8.count
            return end
        }
    }

    /// Which field has exactly these bytes as its name. Objects tend to have their members in one order, so the field
    /// after the one before is looked at first.
    func index(of name: Span<UInt8>, after last: Int) -> Int? {
        if last + 1 < names.count, isName(last + 1, name) { return last + 1 }
        return names.indices.first { isName($0, name) }
    }

    /// Which field is called so in the source, where fields are asked for in the list's order.
    ///
    /// - Precondition: The name is in the list.
    func index(of name: String, after last: Int) -> Int {
        if last + 1 < names.count, names[last + 1] == name { return last + 1 }
        if last >= 0, names[last] == name { return last }
        guard let index = names.firstIndex(of: name) else { preconditionFailure("\(name) is not a field here") }
        return index
    }

    private func isName(_ field: Int, _ name: Span<UInt8>) -> Bool {
        let start = field == 0 ? 0 : ends[field - 1]
        guard ends[field] - start == name.count else { return false }
        let known = bytes.span.extracting(start..<ends[field])
        for offset in name.indices where known[unchecked: offset] != name[unchecked: offset] { return false }
        return true
    }
}

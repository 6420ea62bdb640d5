extension JSONDocument {
    /// The value and all that it holds, as a tree.
    public func tree(of value: Index = 0) -> JSONValue {
        switch kind(of: value) {
        case .null: .null
        case .boolean: .boolean(count(of: value) == 1)
        case .number: .number(text(of: value))
        case .string: .string(text(of: value))
        case .array: .array(elements(of: value).map { tree(of: $0) })
        case .object: .object(members(of: value))
        }
    }

    private func members(of object: Index) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        members.reserveCapacity(count(of: object))
        var name = object + 1
        for _ in 0..<count(of: object) {
            members.append(.init(name: text(of: name), value: tree(of: name + 1)))
            name = next(after: name)
        }
        return members
    }

    /// The document that a tree is of, so that what was made in memory is read like what was sent.
    public init(_ tree: JSONValue) {
        var texts: [UInt8] = []
        var entries: [Entry] = []
        JSONDocument.append(tree, &entries, &texts)
        precondition(texts.count <= JSONDocument.bytesMax, "the texts of a document are larger than 4 GiB")
        self.init(bytes: [], decoded: texts, entries: entries)
    }

    private static func append(_ tree: JSONValue, _ entries: inout [Entry], _ texts: inout [UInt8]) {
        switch tree {
        case .null: entries.append(Entry(.null, at: 0, in: entries))
        case .boolean(let flag): entries.append(Entry(.boolean, at: 0, count: flag ? 1 : 0, in: entries))
        case .number(let text): append(.number, text, &entries, &texts)
        case .string(let text): append(.string, text, &entries, &texts)
        case .array(let elements):
            let list = entries.count
            entries.append(Entry(.array, at: 0, count: elements.count, in: entries))
            for element in elements { append(element, &entries, &texts) }
            entries[list].next = UInt32(entries.count)
        case .object(let members):
            let list = entries.count
            entries.append(Entry(.object, at: list, count: members.count, in: entries))
            for member in members {
                let name = entries.count
                append(.string, member.name, &entries, &texts)
                append(member.value, &entries, &texts)
                entries[name].next = UInt32(entries.count)
            }
            entries[list].next = UInt32(entries.count)
        }
    }

    private static func append(_ kind: Kind, _ text: String, _ entries: inout [Entry], _ texts: inout [UInt8]) {
        entries.append(Entry(kind, at: texts.count, count: text.utf8.count, isDecoded: true, in: entries))
        texts.append(contentsOf: text.utf8)
    }
}

extension JSONDocument.Entry {
    /// An entry that is appended to `entries`; what a list holds is told to it later.
    init(_ kind: JSONDocument.Kind, at start: Int, count: Int = 0, isDecoded: Bool = false, in entries: [Self]) {
        self.init(
            kind: kind, isDecoded: isDecoded, start: UInt32(truncatingIfNeeded: start),
            count: UInt32(truncatingIfNeeded: count), next: UInt32(truncatingIfNeeded: entries.count + 1))
    }
}

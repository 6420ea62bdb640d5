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
        forEachMember(of: object) { name, value in
            let name = name.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            members.append(.init(name: name, value: tree(of: value)))
        }
        return members
    }

    /// The document that a tree is of, so that what was made in memory is read like what was sent.
    public init(_ tree: JSONValue) {
        var parts = TreeParts()
        parts.append(tree)
        precondition(parts.texts.count <= JSONDocument.bytesMax, "the texts of a document are larger than 4 GiB")
        self.init(bytes: [], decoded: parts.texts, entries: parts.entries + parts.names.reversed())
    }
}

/// What a document is made of, from a tree.
private struct TreeParts {
    private(set) var texts: [UInt8] = []
    private(set) var entries: [JSONDocument.Entry] = []
    private(set) var names: [JSONDocument.Entry] = []

    mutating func append(_ tree: JSONValue) {
        let place = entries.count
        switch tree {
        case .null: entries.append(.init(.null, at: 0))
        case .boolean(let flag): entries.append(.init(.boolean, at: 0, count: flag ? 1 : 0))
        case .number(let text): entries.append(entry(.number, text))
        case .string(let text): entries.append(entry(.string, text))
        case .array(let elements):
            entries.append(.init(.array, at: 0, count: elements.count))
            for element in elements { append(element) }
        case .object(let members):
            entries.append(.init(.object, at: names.count, count: members.count))
            for member in members {
                names.append(entry(.string, member.name))
                names[names.count - 1].next = UInt32(names.count)
            }
            for member in members { append(member.value) }
        }
        entries[place].next = UInt32(entries.count)
    }

    private mutating func entry(_ kind: JSONDocument.Kind, _ text: String) -> JSONDocument.Entry {
        defer { texts.append(contentsOf: text.utf8) }
        return JSONDocument.Entry(kind, at: texts.count, count: text.utf8.count, isDecoded: true)
    }
}

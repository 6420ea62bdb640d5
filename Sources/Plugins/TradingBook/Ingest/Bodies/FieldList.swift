import PluginAPI

/// The names of the members that an object may have, laid out so that a member is known by its bytes.
struct FieldList: Sendable {
    let names: [String]
    private let keys: [NameKey]

    init(_ names: [String]) {
        self.names = names
        keys = names.map { name in
            var name = name
            return name.withUTF8 { NameKey($0.span) }
        }
    }

    /// Which field has exactly these bytes as its name. Objects tend to have their members in one order, so the fields
    /// after the one before are looked at first.
    func index(of name: Span<UInt8>, after last: Int) -> Int? {
        let key = NameKey(name)
        var field = last + 1
        for _ in keys.indices {
            if field == keys.count { field = 0 }
            if keys[field] == key, key.isWhole || names[field].hasBytes(name) { return field }
            field += 1
        }
        return nil
    }

    /// Which field is called so in the source, where fields are asked for in the list's order.
    ///
    /// - Precondition: The name is in the list.
    @inline(__always)
    func index(of name: String, after last: Int) -> Int {
        if last + 1 < names.count, names[last + 1] == name { return last + 1 }
        return index(of: name, askedAt: last)
    }

    @inline(never)
    private func index(of name: String, askedAt last: Int) -> Int {
        if last >= 0, names[last] == name { return last }
        guard let index = names.firstIndex(of: name) else { preconditionFailure("\(name) is not a field here") }
        return index
    }
}

/// A name's length and its first and last bytes, which are all it has unless it is long.
private struct NameKey: Equatable, Sendable {
    private let count: Int
    private let head: UInt64
    private let tail: UInt64

    /// Whether names with equal keys are equal.
    var isWhole: Bool { count <= 16 }

    init(_ name: Span<UInt8>) {
        (count, head, tail) = name.withUnsafeBytes { (bytes) -> (Int, UInt64, UInt64) in
            let count = bytes.count
            switch count {
            case 0: return (0, 0, 0)
            case 1...3: return (count, UInt64(bytes[0]) << 8 | UInt64(bytes[count / 2]), UInt64(bytes[count - 1]))
            case 4...7:
                let head = bytes.loadUnaligned(as: UInt32.self)
                return (count, UInt64(head), UInt64(bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)))
            default:
                let head = bytes.loadUnaligned(as: UInt64.self)
                return (count, head, bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
            }
        }
    }
}

extension String {
    /// Whether the text's UTF-8 is these bytes.
    func hasBytes(_ bytes: Span<UInt8>) -> Bool {
        guard utf8.count == bytes.count else { return false }
        var index = 0
        for byte in utf8 {
            guard byte == bytes[index] else { return false }
            index += 1
        }
        return true
    }
}

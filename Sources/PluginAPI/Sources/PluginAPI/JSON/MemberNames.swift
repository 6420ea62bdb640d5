/// Tells repeated names of an object's members: by looking at all before, until there are too many for that.
struct MemberNames {
    static let lookedAtMax = 24
    /// A bit for each name seen, by a few of its bytes.
    private var marks: UInt64 = 0
    private var seen: Set<[UInt8]> = []
    /// How many names have been added.
    var count: Int { seen.count }

    /// Whether a name before may be the same, which somebody must look at then; remembers this one.
    mutating func mayHave(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        var mixed = name.count
        if let first = name.first, let last = name.last {
            mixed &+= Int(first) &+ Int(last) &* 3 &+ Int(name[name.count / 2])
        }
        let mark: UInt64 = 1 << UInt64(mixed & 63)
        defer { marks |= mark }
        return marks & mark != 0
    }

    /// - Returns: Whether no name added before is the same.
    mutating func add(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        seen.insert(Array(name)).inserted
    }
}

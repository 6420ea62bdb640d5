/// A parsed JSON document (RFC 8259) as one flat list of its values, made without an allocation for each of them.
///
/// Texts stay bytes until somebody asks for more, so that whoever reads numbers and words out of a request never makes
/// strings of them. A value is named by its ``Index``: `{"a":[1]}` is the object, the array, the number. Members' names
/// are kept apart, for objects with the same ones to share them. ``JSONValue`` is the same document as a tree.
@frozen
public struct JSONDocument: Sendable {
    /// Which value of its document. The first, 0, is the document's own value.
    public typealias Index = Int

    /// What a value is.
    @frozen
    public enum Kind: UInt8, Sendable {
        /// One of the kinds of RFC 8259.
        case null, boolean, number, string, array, object
    }

    /// One value, or the name of a member: where its text is, or how much it holds, and where the value behind it and all it
    /// holds begins, or which is the next name of the object.
    @frozen @usableFromInline
    struct Entry: Sendable {
        @usableFromInline let kind: Kind
        /// Whether the text is in ``decoded``, because it does not stand in ``bytes`` as it is.
        @usableFromInline let isDecoded: Bool
        /// Where the text begins; of an object with members, the number of its first name.
        @usableFromInline var start: UInt32
        /// Bytes of a text, elements of an array, members of an object, 1 for true.
        @usableFromInline var count: UInt32
        @usableFromInline var next: UInt32

        /// What follows is told later.
        init(_ kind: Kind, at start: Int, count: Int = 0, isDecoded: Bool = false) {
            self.kind = kind
            self.isDecoded = isDecoded
            self.start = UInt32(truncatingIfNeeded: start)
            self.count = UInt32(truncatingIfNeeded: count)
            next = 0
        }
    }

    /// The largest text that is taken: places in it are kept in 32 bits.
    static let bytesMax = Int(UInt32.max)

    @usableFromInline let bytes: [UInt8]
    /// Strings that had escapes, without them.
    @usableFromInline let decoded: [UInt8]
    /// All values, and behind them the names of members, of which the first stands last: see ``name(_:)``.
    @usableFromInline let entries: [Entry]

    init(bytes: [UInt8], decoded: [UInt8], entries: [Entry]) {
        self.bytes = bytes
        self.decoded = decoded
        self.entries = entries
    }

    /// A name by its number. An object's names have the numbers in its order, but for others' that come between; objects
    /// that follow each other may have the same ones.
    @inlinable
    func name(_ number: Int) -> Entry { entries[entries.count - 1 - number] }

    /// What an entry is.
    @inlinable
    public func kind(of value: Index) -> Kind { entries[value].kind }

    /// Elements of an array, members of an object, bytes of a text.
    @inlinable
    public func count(of value: Index) -> Int { Int(entries[value].count) }

    /// The value behind this one and all that it holds; behind the last one of a list it means nothing.
    @inlinable
    func next(after value: Index) -> Index { Int(entries[value].next) }

    /// The elements of an array, in order.
    /// - Precondition: The value is an array.
    @inlinable
    public func elements(of array: Index) -> Elements {
        precondition(kind(of: array) == .array, "only an array has elements")
        return Elements(document: self, first: array + 1, count: count(of: array))
    }

    /// Which objects are laid out alike: those with the same number have members of the same names in the same order, each
    /// as far behind its object as in the other, so that what was found in one is found in the other without a look at
    /// names. Objects that follow each other in an array and hold only single values share it, and so do all that are
    /// empty; others have their own.
    /// - Precondition: The value is an object.
    public func layout(of object: Index) -> Int {
        let entry = entries[object]
        precondition(entry.kind == .object, "only an object has a layout")
        let isFlat = Int(entry.next) == object + 1 + Int(entry.count)
        guard isFlat else { return -object - 1 }
        return entry.count == 0 ? 0 : Int(entry.start) + 1
    }

    /// Goes through the members of an object, in order: the bytes of each one's name, without escapes, and its value.
    /// - Precondition: The value is an object.
    @inlinable
    public func forEachMember<E: Error>(
        of object: Index, _ body: (Span<UInt8>, Index) throws(E) -> Void
    ) throws(E) {
        precondition(kind(of: object) == .object, "only an object has members")
        var (name, value) = (Int(entries[object].start), object + 1)
        for _ in 0..<count(of: object) {
            let entry = self.name(name)
            try withText(entry) { (text) throws(E) in try body(text, value) }
            (name, value) = (Int(entry.next), next(after: value))
        }
    }

    /// Lends the bytes of a string without quotes and escapes, or of a number as it is written.
    /// - Precondition: The value is a string or a number.
    @inlinable
    public func withText<Result, E: Error>(
        of value: Index, _ body: (Span<UInt8>) throws(E) -> Result
    ) throws(E) -> Result {
        let entry = entries[value]
        precondition(entry.kind == .string || entry.kind == .number, "only strings and numbers have a text")
        return try withText(entry, body)
    }

    @inlinable
    func withText<Result, E: Error>(
        _ entry: Entry, _ body: (Span<UInt8>) throws(E) -> Result
    ) throws(E) -> Result {
        let range = Int(entry.start)..<Int(entry.start) + Int(entry.count)
        if entry.isDecoded { return try body(decoded.span.extracting(range)) }
        return try body(bytes.span.extracting(range))
    }

    /// The text of a string, or of a number as it is written.
    /// - Precondition: The value is a string or a number.
    @inlinable
    public func text(of value: Index) -> String {
        withText(of: value) { text in text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) } }
    }

    /// The elements of an array.
    @frozen
    public struct Elements: Sequence, IteratorProtocol, Sendable {
        @usableFromInline let document: JSONDocument
        @usableFromInline var upcoming: Index
        @usableFromInline var rest: Int

        @inlinable
        init(document: JSONDocument, first: Index, count: Int) {
            self.document = document
            upcoming = first
            rest = count
        }

        /// How many are left.
        @inlinable public var underestimatedCount: Int { rest }

        @inlinable
        public mutating func next() -> Index? {
            guard rest > 0 else { return nil }
            defer { upcoming = document.next(after: upcoming) }
            rest -= 1
            return upcoming
        }
    }
}

extension JSONDocument.Kind {
    /// What a value of the kind is called in messages: `a number`, `an object`.
    public var name: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// An encoded answer and what is needed to serve and to judge it.
///
/// A value whose copies share one object: every hit copies it a few times, and each copy costs one count.
/// To change a property is to make a new object; whoever appends to ``body`` in a loop copies it each time, and does better
/// to put the bytes together first.
public struct CacheEntry: Sendable, Equatable {
    private var fields: Fields

    /// The HTTP status it answers: 200 or 404.
    public var status: Int {
        get { fields.values.status }
        set { change { $0.status = newValue } }
    }

    /// The answer, as it goes to clients that take it uncompressed.
    public var body: [UInt8] {
        get { fields.values.body }
        set { change { $0.body = newValue } }
    }

    /// The quoted entity tag of the body.
    public var etag: String {
        get { fields.values.etag }
        set { change { $0.etag = newValue } }
    }

    /// What the answer depends on.
    public var tags: [CacheTag] {
        get { fields.values.tags }
        set { change { $0.tags = newValue } }
    }

    /// Of ``tags``, from before the data was read.
    public var stamp: CacheStamp {
        get { fields.values.stamp }
        set { change { $0.stamp = newValue } }
    }

    /// When it was built, on the host's clock.
    public var storedAt: Timestamp {
        get { fields.values.storedAt }
        set { change { $0.storedAt = newValue } }
    }

    /// Fresh before this moment.
    public var freshUntil: Timestamp {
        get { fields.values.freshUntil }
        set { change { $0.freshUntil = newValue } }
    }

    /// Kept for use when storage fails until this moment; not before ``freshUntil``.
    public var staleUntil: Timestamp {
        get { fields.values.staleUntil }
        set { change { $0.staleUntil = newValue } }
    }

    /// Puts an entry together; see its members.
    public init(
        status: Int = 200,
        body: [UInt8],
        etag: String,
        tags: [CacheTag],
        stamp: CacheStamp,
        storedAt: Timestamp,
        freshUntil: Timestamp,
        staleUntil: Timestamp
    ) {
        fields = Fields(
            Values(
                status: status, body: body, etag: etag, tags: tags, stamp: stamp, storedAt: storedAt,
                freshUntil: freshUntil, staleUntil: max(freshUntil, staleUntil)))
    }

    public static func == (left: CacheEntry, right: CacheEntry) -> Bool {
        left.fields === right.fields || left.fields.values == right.fields.values
    }

    private mutating func change(_ change: (inout Values) -> Void) {
        var values = fields.values
        change(&values)
        fields = Fields(values)
    }

    /// Never changed, so that copies can share it.
    private final class Fields: Sendable {
        let values: Values

        init(_ values: Values) {
            self.values = values
        }
    }

    /// What is here is counted by the memory cache, in its `CacheEntry+memory.swift`: a new field belongs there as well.
    private struct Values: Sendable, Equatable {
        var status: Int
        var body: [UInt8]
        var etag: String
        var tags: [CacheTag]
        var stamp: CacheStamp
        var storedAt: Timestamp
        var freshUntil: Timestamp
        var staleUntil: Timestamp
    }
}

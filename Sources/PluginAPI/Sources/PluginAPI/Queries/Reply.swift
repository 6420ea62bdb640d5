/// An answer: encoded once, then cached and served as bytes.
public struct Reply: Sendable {
    /// The HTTP status; 200 unless it is said otherwise.
    public var status: Int
    /// JSON.
    public var body: [UInt8]
    /// When time alone makes the answer wrong; its TTL ends there.
    public var validUntil: Timestamp?
    /// What the answer depends on besides the accounts, user and module of the request.
    public var tags: [CacheTag]
    /// What a command has changed; bumped before the answer is sent.
    public var invalidates: [CacheTag]

    /// An answer whose body is there already.
    public init(
        status: Int = 200,
        body: [UInt8],
        validUntil: Timestamp? = nil,
        tags: [CacheTag] = [],
        invalidates: [CacheTag] = []
    ) {
        self.status = status
        self.body = body
        self.validUntil = validUntil
        self.tags = tags
        self.invalidates = invalidates
    }

    /// An object written member by member.
    public init<E: Error>(
        validUntil: Timestamp? = nil,
        invalidates: [CacheTag] = [],
        object members: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        var json = JSONWriter()
        try json.object(members)
        self.init(body: json.bytes, validUntil: validUntil, invalidates: invalidates)
    }

    /// `{"rows": […]}` with the columns a ``Schema/rows(_:)`` declares, in its order and kinds.
    public init(rows: Rows, as schema: Schema) {
        let columns = schema.rowColumns.map { column in
            (name: column.name, index: rows.isEmpty ? 0 : rows.column(column.name), kind: column.kind)
        }
        self.init { (json: inout JSONWriter) in
            json.arrayField("rows", of: rows) { json, row in
                json.object { json in
                    for column in columns {
                        json.key(column.name)
                        json.value(row.value(column.index, as: column.kind))
                    }
                }
            }
        }
    }
}

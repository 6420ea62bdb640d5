import PluginAPI

/// Which form of an answer a request gets: in full or by its name alone, compressed or not.
///
/// Both forms have strong tags of their own. A client that names either of them in `If-None-Match`, and takes that form,
/// has what it needs and is told so.
struct Representation: Sendable {
    /// What a client says about forms.
    struct Wish: Sendable {
        var takesGzip: Bool
        var ifNoneMatch: String?
    }

    enum Form: Sendable, Equatable {
        case identity, gzip
    }

    let form: Form
    let isNotModified: Bool
    /// Whether another `Accept-Encoding` may get another form.
    let varies: Bool
    /// Of the form; empty when the client has it.
    let body: [UInt8]
    /// The entry's: 200 or 404.
    let status: Int
    /// Of the answer as it is.
    let plainTag: String
    let storedAt: Timestamp
    let freshUntil: Timestamp

    private init(_ entry: CacheEntry, _ form: Form, isNotModified: Bool, varies: Bool, body: [UInt8]) {
        self.form = form
        self.isNotModified = isNotModified
        self.varies = varies
        self.body = body
        status = entry.status
        plainTag = entry.etag
        storedAt = entry.storedAt
        freshUntil = entry.freshUntil
    }

    var etag: String { form == .gzip ? EntityTag.gzip(plainTag) : plainTag }
}

extension Representation {
    /// The answer as it is.
    init(_ entry: CacheEntry, ifNoneMatch: String?, varies: Bool) {
        // That there is nothing has no name that a client could know it by.
        let isKnown = entry.status != 404 && Representation.isNamed(entry.etag, by: ifNoneMatch)
        self.init(entry, .identity, isNotModified: isKnown, varies: varies, body: isKnown ? [] : entry.body)
    }

    /// For a client that takes gzip.
    ///
    /// - Parameter packed: The compressed body; empty when it would not be smaller. Not looked at if the client
    ///   ``isKnown(_:by:)`` has the answer.
    init(_ entry: CacheEntry, packed: [UInt8], ifNoneMatch: String?) {
        if Representation.isNamed(EntityTag.gzip(entry.etag), by: ifNoneMatch) {
            self.init(entry, .gzip, isNotModified: true, varies: true, body: [])
        } else if packed.isEmpty || Representation.isNamed(entry.etag, by: ifNoneMatch) {
            self.init(entry, ifNoneMatch: ifNoneMatch, varies: true)
        } else {
            self.init(entry, .gzip, isNotModified: false, varies: true, body: packed)
        }
    }

    /// Whether a client that takes gzip has the answer in one of the two forms.
    static func isKnown(_ entry: CacheEntry, by ifNoneMatch: String?) -> Bool {
        isNamed(entry.etag, by: ifNoneMatch) || isNamed(EntityTag.gzip(entry.etag), by: ifNoneMatch)
    }

    private static func isNamed(_ tag: @autoclosure () -> String, by ifNoneMatch: String?) -> Bool {
        guard let ifNoneMatch else { return false }
        return EntityTag.isNamed(tag(), by: ifNoneMatch)
    }
}

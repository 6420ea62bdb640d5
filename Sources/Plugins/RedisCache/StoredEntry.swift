import PluginAPI

/// An entry as it lies in Redis: all of it, ready to be sent to a client, with the versions it was built under.
enum StoredEntry {
    /// Of the form; another release with another form finds nothing and stores its own.
    private static let form: UInt16 = 0xC0_01
    static let tagsMax = 65_536

    static func encode(_ entry: CacheEntry) -> [UInt8] {
        var writer = ByteFormWriter()
        writer.write(form)
        writer.write(UInt16(clamping: entry.status))
        for time in [entry.storedAt, entry.freshUntil, entry.staleUntil] { writer.write(time.microseconds) }
        writer.write(UInt32(entry.stamp.versions.count))
        for version in entry.stamp.versions { writer.write(version) }
        writer.write(tags: entry.tags)
        writer.write(entry.etag)
        writer.write(rest: entry.body)
        return writer.bytes
    }

    /// - Parameter expected: What the entry's tags most likely are; they are read only if they are others.
    /// - Returns: `nil` for bytes that are no entry, or one that no host has written: whoever may write to Redis decides
    ///   neither what stands in an answer's head nor that a host counts beyond its numbers.
    static func decode(_ bytes: ArraySlice<UInt8>, expecting expected: [CacheTag] = []) -> CacheEntry? {
        ByteFormReader.read(bytes) { reader in
            guard reader.number() == form, let status = reader.number(UInt16.self),
                let stored = reader.number(Int64.self), let fresh = reader.number(Int64.self),
                let stale = reader.number(Int64.self),
                let versions = reader.list(max: tagsMax + 2, { $0.number(UInt64.self) }),
                let tags = reader.tags(expecting: expected),
                let etag = reader.text(),
                isStatus(status), areTimes(stored, fresh, stale), isTag(etag, status)
            else { return nil }
            return CacheEntry(
                status: Int(status), body: reader.remainder(), etag: etag, tags: tags,
                stamp: CacheStamp(versions: versions),
                storedAt: Timestamp(microseconds: stored), freshUntil: Timestamp(microseconds: fresh),
                staleUntil: Timestamp(microseconds: stale))
        }
    }

    /// Two such times can be added and taken from one another.
    private static let timeMax = Int64.max / 4

    private static func areTimes(_ stored: Int64, _ fresh: Int64, _ stale: Int64) -> Bool {
        0 <= stored && stored <= fresh && fresh <= stale && stale <= timeMax
    }

    /// Of an answer that a host keeps.
    private static func isStatus(_ status: UInt16) -> Bool { (200..<600).contains(status) }

    /// Whether it is a quoted tag (RFC 9110, section 8.8.3), which the host spells as it is. That there is nothing has none.
    private static func isTag(_ etag: String, _ status: UInt16) -> Bool {
        if etag.isEmpty { return status == 404 }
        let quote = UInt8(ascii: "\"")
        let bytes = etag.utf8
        guard bytes.count >= 2, bytes.first == quote, bytes.last == quote else { return false }
        return bytes.dropFirst().dropLast().allSatisfy { $0 > 0x20 && $0 != quote && $0 != 0x7F }
    }
}

extension ByteFormWriter {
    mutating func write(tags: [CacheTag]) {
        write(UInt32(tags.count))
        for tag in tags {
            write(tag.kind)
            write(tag.id)
        }
    }
}

extension ByteFormReader {
    mutating func tags(expecting expected: [CacheTag] = []) -> [CacheTag]? {
        var ahead = self
        guard ahead.hasTags(expected) else { return otherTags() }
        self = ahead
        return expected
    }

    private mutating func hasTags(_ expected: [CacheTag]) -> Bool {
        guard number() == UInt32(expected.count) else { return false }
        return expected.allSatisfy { hasText($0.kind) && hasText($0.id) }
    }

    private mutating func otherTags() -> [CacheTag]? {
        list(max: StoredEntry.tagsMax) { reader in
            guard let kind = reader.text(), let id = reader.text() else { return nil }
            return CacheTag(kind: kind, id: id)
        }
    }
}

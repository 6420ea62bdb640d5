import PluginAPI

/// What a host tells the others: which tags it has written under. A host recognises its own.
struct InvalidationNotice: Sendable, Equatable {
    var sender: UInt64
    var tags: [CacheTag]

    init(sender: UInt64, tags: [CacheTag]) {
        self.sender = sender
        self.tags = tags
    }

    /// - Returns: `nil` for bytes that are no notice.
    init?(_ bytes: ArraySlice<UInt8>) {
        let read = ByteFormReader.read(bytes) { reader -> InvalidationNotice? in
            guard let sender = reader.number(UInt64.self), let tags = reader.tags(), reader.remainder().isEmpty else {
                return nil
            }
            return InvalidationNotice(sender: sender, tags: tags)
        }
        guard let read else { return nil }
        self = read
    }

    var bytes: [UInt8] {
        var writer = ByteFormWriter()
        writer.write(sender)
        writer.write(tags: tags)
        return writer.bytes
    }
}

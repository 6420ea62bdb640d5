/// A snapshot with its canonical text and the hash by which a repeat is known.
///
/// Both are made where it is made: before the transaction, so that the one thread that writes does not wait for them.
struct CanonicalSnapshot: Sendable {
    let snapshot: Snapshot
    let content: [UInt8]
    let hash: String

    init(_ snapshot: Snapshot) {
        self.snapshot = snapshot
        content = SnapshotContent.bytes(snapshot)
        hash = ContentHash.of(content)
    }
}

/// A snapshot with its canonical text, the hash by which a repeat is known, and the ID that follows from it.
///
/// All are made where it is made: before the transaction, so that the one thread that writes does not wait for them.
struct CanonicalSnapshot: Sendable {
    let snapshot: Snapshot
    let id: String
    /// JSON.
    let content: String
    let hash: String

    init(_ snapshot: Snapshot) {
        self.snapshot = snapshot
        let bytes = SnapshotContent.bytes(snapshot)
        content = String(decoding: bytes, as: UTF8.self)
        hash = ContentHash.of(bytes)
        id = DerivedID.snapshot(account: snapshot.account, contentHash: hash)
    }
}

/// Tells when nothing uses a query path any more, which is when its last request has been answered.
///
/// Requests hold on to the path that answers them, so that nobody has to count them: this object ends with the path.
final class PathUse: Sendable {
    /// Ends with the path. To be waited for once.
    let end: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (end, continuation) = AsyncStream.makeStream(of: Void.self)
    }

    deinit { continuation.finish() }
}

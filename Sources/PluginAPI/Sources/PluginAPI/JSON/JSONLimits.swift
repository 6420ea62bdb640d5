/// Limits of a document, so that no input can exhaust the stack or the heap.
public struct JSONLimits: Sendable {
    /// Arrays and objects inside each other.
    public var depthMax: Int
    /// Bytes of one string or number.
    public var textMax: Int

    /// Limits; those left out are enough for the body of a request.
    public init(depthMax: Int = 32, textMax: Int = 65_536) {
        self.depthMax = depthMax
        self.textMax = textMax
    }
}

/// A module's reply has more bytes than it may.
struct ReplyTooLarge: Error, Equatable, CustomStringConvertible {
    /// Times what the module may: the memory of the whole host.
    static let grossFactor = 16

    var bytes: Int
    var bytesMax: Int
    /// Whether it endangers everybody. Otherwise it concerns whoever asked for so much.
    var isGross: Bool

    /// - Parameters:
    ///   - bytesMax: What the operation may give.
    ///   - moduleMax: What any operation of the module may.
    /// - Returns: `nil` for a reply that is not too large.
    init?(_ bytes: Int, of bytesMax: Int, moduleMax: Int) {
        guard bytes > bytesMax else { return nil }
        (self.bytes, self.bytesMax) = (bytes, bytesMax)
        isGross = bytes > moduleMax * Self.grossFactor
    }

    var description: String { "its reply has \(bytes) bytes, more than \(bytesMax)" }
}

/// A module says that it was cancelled, and nobody has cancelled it.
struct UnaskedCancellation: Error, Equatable, CustomStringConvertible {
    var description: String { "it says that it was cancelled, and it was not" }
}

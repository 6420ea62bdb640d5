import PluginAPI

/// A module's reply has more bytes than it may.
struct ReplyTooLarge: Error, Equatable, CustomStringConvertible {
    /// Times what the module may: the memory of the whole host.
    static let grossFactor = 16

    var bytes: Int
    var bytesMax: Int
    /// Whether it endangers everybody. Otherwise it concerns whoever asked for so much.
    var isGross: Bool
    var status: Int
    /// Whether it is a command's: asked again, it might be carried out again.
    var isOfCommand = false
    /// What the reply says that it has changed: that stays so, whether or not anybody hears of it.
    var invalidates: [CacheTag]

    /// - Parameters:
    ///   - bytesMax: What the operation may give.
    ///   - moduleMax: What any operation of the module may.
    /// - Returns: `nil` for a reply that is not too large.
    init?(_ reply: Reply, of bytesMax: Int, moduleMax: Int) {
        bytes = reply.body.count
        guard bytes > bytesMax else { return nil }
        self.bytesMax = bytesMax
        (status, invalidates) = (reply.status, reply.invalidates)
        isGross = bytes > moduleMax * Self.grossFactor
    }

    /// What the caller is told.
    var sentence: String {
        let size = "more than \(bytesMax) bytes"
        guard isOfCommand else { return "The answer has \(size); ask for less by the parameters." }
        return status < 400
            ? "It is done, and its answer is not sent: it has \(size)."
            : "It was answered \(status), and the answer is not sent: it has \(size)."
    }

    var description: String { "its reply has \(bytes) bytes, more than \(bytesMax)" }
}

/// A module says that it was cancelled, and nobody has cancelled it.
struct UnaskedCancellation: Error, Equatable, CustomStringConvertible {
    var description: String { "it says that it was cancelled, and it was not" }
}

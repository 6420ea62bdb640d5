/// Text that cannot be printed by accident: every description of it is `•••`.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String
    private let reread: (@Sendable () throws(SecretUnreadable) -> String)?

    /// A secret that stays the same.
    public init(_ text: String) {
        self.text = text
        reread = nil
    }

    /// A secret that may change while the program runs.
    ///
    /// - Parameters:
    ///   - text: The secret as it was first read.
    ///   - reread: Reads it again where it came from. May block on a file.
    public init(_ text: String, reread: @escaping @Sendable () throws(SecretUnreadable) -> String) {
        self.text = text
        self.reread = reread
    }

    /// The secret as it was first read, for the one place that needs it.
    public func revealed() -> String { text }

    /// The secret as it is now, for whoever opens a connection with it. May block on a file.
    ///
    /// - Throws: ``SecretUnreadable`` when it cannot be read where it came from. An old secret never stands in for it.
    public func current() throws(SecretUnreadable) -> String {
        guard let reread else { return text }
        return try reread()
    }

    /// Whether both were the same when they were first read.
    public static func == (left: Secret, right: Secret) -> Bool { left.text.hasSameBytes(as: right.text) }

    public var description: String { "•••" }
    public var debugDescription: String { "•••" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a secret cannot be read again, without any part of it.
public struct SecretUnreadable: Error, Equatable, Sendable {
    /// A clause that names the source: `the file /run/secrets/password is empty`.
    public let reason: String

    /// Why the secret cannot be read, as a clause.
    public init(reason: String) {
        self.reason = reason
    }
}

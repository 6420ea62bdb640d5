/// What one call of an operation may take. The host keeps the narrower of these and its own `modules.limits`.
public struct OperationLimits: Sendable, Equatable {
    /// How long a call may take, its wait for its turn included; `nil` for as long as the host allows.
    public var deadline: Duration?
    /// Bytes of a reply's body; a larger one fails. `nil` for as many as the host allows.
    public var replyMax: Int?

    /// Limits; see their members.
    public init(deadline: Duration? = nil, replyMax: Int? = nil) {
        self.deadline = deadline
        self.replyMax = replyMax
    }
}

extension Operation {
    /// The same operation with limits of its own; `nil` leaves one as it is.
    ///
    /// - Parameters:
    ///   - deadline: Of a call, from its arrival.
    ///   - replyMax: Bytes.
    public func limited(deadline: Duration? = nil, replyMax: Int? = nil) -> Operation {
        var limited = self
        limited.limits = OperationLimits(
            deadline: deadline ?? limits.deadline, replyMax: replyMax ?? limits.replyMax)
        return limited
    }
}

/// A moment: microseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Text is ISO 8601 in UTC with `Z`. Input may use any offset but must name one, because a time without a zone is a guess.
@frozen
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Microseconds since the Unix epoch; storage keeps this number in SQLite and `timestamptz` in PostgreSQL.
    public var microseconds: Int64

    /// So many microseconds after 1970 began in UTC.
    @inlinable
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// So many seconds after 1970 began in UTC.
    @inlinable
    public init(seconds: Int64) {
        self.microseconds = seconds * 1_000_000
    }

    @inlinable
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    /// A later time.
    @inlinable
    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microseconds: time.microseconds + duration.wholeMicroseconds)
    }

    /// An earlier time.
    @inlinable
    public static func - (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microseconds: time.microseconds - duration.wholeMicroseconds)
    }

    /// How long after `earlier` this moment is; negative when it is before.
    @inlinable
    public func since(_ earlier: Timestamp) -> Duration {
        .microseconds(microseconds - earlier.microseconds)
    }
}

extension Duration {
    /// Whole microseconds, towards zero; saturates beyond ±292,000 years.
    @inlinable public var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        return product + attoseconds / 1_000_000_000_000
    }
}

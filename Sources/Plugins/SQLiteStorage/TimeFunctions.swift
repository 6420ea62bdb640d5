import CSQLite

/// The SQL function `utc_day`: when the day of a time began in UTC. Both are microseconds since 1970.
enum TimeFunctions {
    private static let microsecondsPerDay: Int64 = 86_400_000_000

    /// Makes the function known to a connection. - Returns: The result code.
    static func register(on database: OpaquePointer) -> Int32 {
        let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS
        return sqlite3_create_function_v2(database, "utc_day", 1, flags, nil, utcDay, nil, nil, nil)
    }

    /// The beginning of the day, also before 1970; `nil` where it is out of range.
    static func day(of microseconds: Int64) -> Int64? {
        let intoTheDay = microseconds % microsecondsPerDay
        let (day, isOutOfRange) = microseconds.subtractingReportingOverflow(
            intoTheDay < 0 ? intoTheDay + microsecondsPerDay : intoTheDay)
        return isOutOfRange ? nil : day
    }

    private static let utcDay: @convention(c) (OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?) -> Void = {
        context, _, arguments in
        guard let argument = arguments?[0] else { return }
        switch sqlite3_value_type(argument) {
        case SQLITE_NULL: sqlite3_result_null(context)
        case SQLITE_INTEGER:
            guard let day = day(of: sqlite3_value_int64(argument)) else {
                return sqlite3_result_error(context, "utc_day: out of range", -1)
            }
            sqlite3_result_int64(context, day)
        default: sqlite3_result_error(context, "utc_day: takes a time", -1)
        }
    }
}

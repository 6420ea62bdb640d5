import CSQLite
import PluginAPI

/// The SQL functions `dec`, `dec_mul` and `dec_div`: exact arithmetic on decimals kept as units of 10⁻⁸.
///
/// Products and quotients are rounded half away from zero. NULL gives NULL; a result out of range, a division by zero or
/// an argument of another type is an error of the statement, never a wrong number.
enum DecimalFunctions {
    private static let unitsPerOne: Int128 = 100_000_000

    /// Makes the functions known to a connection. - Returns: The result code.
    static func register(on database: OpaquePointer) -> Int32 {
        let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS
        let codes = [
            sqlite3_create_function_v2(database, "dec", 1, flags, nil, literal, nil, nil, nil),
            sqlite3_create_function_v2(database, "dec_mul", 2, flags, nil, product, nil, nil, nil),
            sqlite3_create_function_v2(database, "dec_div", 2, flags, nil, quotient, nil, nil, nil),
        ]
        return codes.first { $0 != SQLITE_OK } ?? SQLITE_OK
    }

    /// `a · b` for numbers in units of 10⁻⁸, or `nil` beyond the range of stored decimals.
    static func multiply(_ a: Int64, _ b: Int64) -> Int64? {
        stored(rounded(Int128(a) * Int128(b), by: unitsPerOne))
    }

    /// `a ÷ b` for numbers in units of 10⁻⁸, or `nil` beyond the range of stored decimals or for a zero divisor.
    static func divide(_ a: Int64, _ b: Int64) -> Int64? {
        b == 0 ? nil : stored(rounded(Int128(a) * unitsPerOne, by: Int128(b)))
    }

    private static func rounded(_ dividend: Int128, by divisor: Int128) -> Int128 {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        guard remainder.magnitude * 2 >= divisor.magnitude else { return quotient }
        return (dividend < 0) == (divisor < 0) ? quotient + 1 : quotient - 1
    }

    private static func stored(_ units: Int128) -> Int64? {
        units.magnitude <= UInt128(FixedDecimal.storedUnitsMax) ? Int64(units) : nil
    }

    private typealias Function = @convention(c) (OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?) -> Void

    private static let literal: Function = { context, _, arguments in
        guard let argument = arguments?[0] else { return }
        switch sqlite3_value_type(argument) {
        case SQLITE_NULL: sqlite3_result_null(context)
        case SQLITE_TEXT:
            let text = sqlite3_value_text(argument).map { String(cString: $0) } ?? ""
            guard let units = (try? FixedDecimal(parsing: text))?.storedUnits else {
                return sqlite3_result_error(context, "dec: '\(text)' is not a decimal", -1)
            }
            sqlite3_result_int64(context, units)
        default: sqlite3_result_error(context, "dec: takes the number as text, such as '1.5'", -1)
        }
    }

    private static let product: Function = { context, _, arguments in
        combine(context, arguments, named: "dec_mul", multiply)
    }

    private static let quotient: Function = { context, _, arguments in
        combine(context, arguments, named: "dec_div", divide)
    }

    private static func combine(
        _ context: OpaquePointer?,
        _ arguments: UnsafeMutablePointer<OpaquePointer?>?,
        named name: String,
        _ operation: (Int64, Int64) -> Int64?
    ) {
        guard let left = arguments?[0], let right = arguments?[1] else { return }
        let types = [sqlite3_value_type(left), sqlite3_value_type(right)]
        if types.contains(SQLITE_NULL) { return sqlite3_result_null(context) }
        guard types == [SQLITE_INTEGER, SQLITE_INTEGER] else {
            return sqlite3_result_error(context, "\(name): takes decimals", -1)
        }
        guard let result = operation(sqlite3_value_int64(left), sqlite3_value_int64(right)) else {
            return sqlite3_result_error(context, "\(name): division by zero or result out of range", -1)
        }
        sqlite3_result_int64(context, result)
    }
}

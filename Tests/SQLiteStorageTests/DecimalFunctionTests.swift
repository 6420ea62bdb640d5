import PluginAPI
import Testing

@testable import SQLiteStorage

@Suite("Decimal functions")
struct DecimalFunctionTests {
    @Test(
        "Products and quotients are rounded half away from zero, and nothing wraps",
        arguments: [
            (a: "1.5", b: "2", product: "3", quotient: "0.75"),
            (a: "0.00000001", b: "0.5", product: "0.00000001", quotient: "0.00000002"),
            (a: "-0.00000003", b: "0.5", product: "-0.00000002", quotient: "-0.00000006"),
            (a: "91999999999.99999999", b: "1", product: "91999999999.99999999", quotient: "91999999999.99999999"),
            (a: "91999999999.99999999", b: "2", product: nil, quotient: "46000000000"),
            (a: "1", b: "0", product: "0", quotient: nil),
            (a: "91999999999.99999999", b: "-0.00000001", product: "-920", quotient: nil),
        ] as [(a: FixedDecimal, b: FixedDecimal, product: FixedDecimal?, quotient: FixedDecimal?)]
    )
    func arithmetic(a: FixedDecimal, b: FixedDecimal, product: FixedDecimal?, quotient: FixedDecimal?) throws {
        let left = try #require(a.storedUnits)
        let right = try #require(b.storedUnits)

        #expect(DecimalFunctions.multiply(left, right) == product?.storedUnits)
        #expect(DecimalFunctions.divide(left, right) == quotient?.storedUnits)
    }
}

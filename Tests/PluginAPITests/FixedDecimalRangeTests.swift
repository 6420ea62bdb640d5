import PluginAPI
import Testing

/// Numbers that fit in 64 bits are counted faster than those that do not; nobody may see where the border is.
@Suite("Decimals on both sides of 64 bits")
struct FixedDecimalRangeTests {
    private static let units: [Int128] = [
        0, 1, -1, 10, 1_000_000_000, Int128(Int64.max), Int128(Int64.min), Int128(Int64.max) + 1, Int128(Int64.min) - 1,
        9_200_000_000_000_000_000, 92_000_000_000_000_000_000, -50_000_000_000_000_000_000_000, 1 << 64, 1 << 100,
    ]

    @Test("A number loses its trailing zeros and no more", arguments: units)
    func normalized(units: Int128) {
        for scale in 0...36 {
            var (rest, places) = (units, scale)
            while places > 0, rest % 10 == 0 { (rest, places) = (rest / 10, places - 1) }

            let number = FixedDecimal(units: units, scale: scale).normalized

            #expect(number.units == rest && Int(number.scale) == places)
        }
    }

    @Test("Another scale is the same value or none", arguments: units)
    func rescaled(units: Int128) {
        for scale in 0...20 {
            var expected: Int128? = units
            for target in scale...36 {
                #expect(FixedDecimal(units: units, scale: scale).rescaled(to: target)?.units == expected)
                if let number = expected {
                    let (product, overflow) = number.multipliedReportingOverflow(by: 10)
                    expected = overflow ? nil : product
                }
            }
        }
    }

    @Test("A number is written with its digits and read back", arguments: units)
    func written(units: Int128) throws {
        for scale in 0...8 {
            let number = FixedDecimal(units: units, scale: scale)
            var json = JSONWriter()
            json.decimal(number, digits: scale)

            #expect(json.text == number.description)
            #expect(Int128(number.description.filter { $0 != "." }) == units)
            if number.storedUnits != nil {
                #expect(try FixedDecimal(parsing: number.description) == number)
            } else {
                #expect(throws: DecimalError.outOfRange) { try FixedDecimal(parsing: number.description) }
            }
        }
    }

    @Test("Whole numbers are written to the last digit", arguments: [0, 7, -7, .max, .min] as [Int64])
    func integers(number: Int64) {
        var json = JSONWriter()
        json.integer(number)

        #expect(json.text == String(number))
    }
}

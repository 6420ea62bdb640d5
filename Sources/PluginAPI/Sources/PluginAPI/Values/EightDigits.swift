/// Eight decimal digits of a number, worked out together: one a byte, the first one lowest.
struct EightDigits {
    /// The first number that has more.
    static let limit: UInt64 = 100_000_000

    private let word: UInt64

    /// - Parameter number: Less than ``limit``.
    @inline(__always)
    init(_ number: UInt32) {
        // Halves of four digits each, then quarters of two, then single ones; a division by 100 or 10 is a product and a shift.
        let halves = UInt64(number / 10_000) | UInt64(number % 10_000) << 32
        let hundreds = (halves &* 10_486) >> 20 & 0x0000_007F_0000_007F
        let pairs = hundreds | (halves &- hundreds &* 100) << 16
        let tens = (pairs &* 103) >> 10 & 0x000F_000F_000F_000F
        word = tens | (pairs &- tens &* 10) << 8
    }

    private init(word: UInt64) {
        self.word = word
    }

    /// As ASCII.
    @inline(__always)
    var text: UInt64 { word | 0x3030_3030_3030_3030 }

    /// Zeros in front; 8 when there is nothing else.
    @inline(__always)
    var leadingZeros: Int { word.trailingZeroBitCount / 8 }

    /// Digits up to the last one that is not zero.
    @inline(__always)
    var significant: Int { 8 - word.leadingZeroBitCount / 8 }

    /// Only the last `count` digits, with zeros behind them.
    @inline(__always)
    func last(_ count: Int) -> EightDigits { EightDigits(word: word >> UInt64(8 * (8 - count))) }
}

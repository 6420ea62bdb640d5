extension Sequence<UInt8> {
    /// Two lower-case digits for each byte.
    var hexadecimal: String {
        var out: [UInt8] = []
        let digits = Array("0123456789abcdef".utf8)
        for byte in self { out += [digits[Int(byte >> 4)], digits[Int(byte & 0xF)]] }
        return String(decoding: out, as: UTF8.self)
    }
}

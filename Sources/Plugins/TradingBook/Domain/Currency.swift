/// An ISO 4217 currency that accounts are kept in and pairs are quoted in.
///
/// Metals, bonds and test codes of the standard (`XAU`, `XDR`, `XXX` …) are left out: nobody keeps an account in them, and
/// a metal is no currency pair.
public struct Currency: Sendable, Equatable {
    /// Three upper-case letters.
    public let code: String
    /// Decimals of an amount: 2 for most, 0 for JPY and its like, 3 for KWD and its like.
    public let digits: Int

    /// `nil` unless `code` is one of the standard's, in upper case.
    public init?(_ code: String) {
        guard code.utf8.count == 3, let digits = Currency.digits[code] else { return nil }
        self.code = code
        self.digits = digits
    }

    /// Decimals by code: every snapshot asks for several.
    private static let digits: [String: Int] = {
        let all = codes.map { ($0, 2) } + withoutDecimals.map { ($0, 0) } + withThreeDecimals.map { ($0, 3) }
        return Dictionary(all) { _, special in special }
    }()

    private static let withoutDecimals = split("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF")
    private static let withThreeDecimals = split("BHD IQD JOD KWD LYD OMR TND")
    private static let codes = split(
        """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP \
        CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR \
        ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT \
        MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD \
        SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UZS VED \
        VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
        """)

    private static func split(_ list: String) -> [String] {
        list.split(separator: " ").map(String.init)
    }
}

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
        guard code.utf8.count == 3, Currency.codes.contains(code) else { return nil }
        self.code = code
        digits =
            if Currency.withoutDecimals.contains(code) { 0 } else if Currency.withThreeDecimals.contains(code) {
                3
            } else { 2 }
    }

    private static let withoutDecimals: Set<String> = split(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF")
    private static let withThreeDecimals: Set<String> = split("BHD IQD JOD KWD LYD OMR TND")
    private static let codes: Set<String> = split(
        """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP \
        CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR \
        ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT \
        MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD \
        SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UZS VED \
        VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
        """)

    private static func split(_ list: String) -> Set<String> {
        Set(list.split(separator: " ").map(String.init))
    }
}

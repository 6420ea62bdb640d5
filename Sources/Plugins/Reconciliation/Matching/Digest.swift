import Crypto
import PluginAPI
public import TradingBook

/// The SHA-256 of a list of texts, each preceded by its length so that no two lists collide, as hexadecimal digits.
struct Digest {
    private var hash = SHA256()

    mutating func add(_ text: String) {
        hash.update(data: Array("\(text.utf8.count):".utf8))
        hash.update(data: Array(text.utf8))
    }

    mutating func add(_ texts: [String]) {
        for text in texts { add(text) }
    }

    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xF)]] }
        return String(decoding: text, as: UTF8.self)
    }
}

extension MatchResult {
    /// The same for the same policy and the same two books, whatever order their rows came in.
    public func digest(revision: String) -> String {
        var digest = Digest()
        digest.add(["v1", revision])
        for side in [ours, broker] {
            digest.add(["\(side.rows)", "\(side.matched)", "\(side.unmatched)", "\(side.duplicate)"])
        }
        for pair in pairs {
            digest.add(["pair", pair.grade.rawValue] + pair.tradeIDs + ["="] + pair.tickets.map { "\($0)" })
        }
        for found in breaks {
            digest.add(["break", found.key])
            for difference in found.differences {
                digest.add([
                    difference.breakClass.rawValue, difference.field?.rawValue ?? "", difference.ours?.canonical ?? "",
                    difference.broker?.canonical ?? "",
                ])
            }
        }
        return digest.hexadecimal
    }
}

extension MatchPolicy {
    /// Names the effective settings and the instruments used: runs of different revisions are not comparable.
    public func revision(grace: GracePolicy, instruments: [String: Instrument]) -> String {
        var digest = Digest()
        digest.add(["v1"] + canonicalParts + grace.canonicalParts)
        let sorted = instruments.values.sorted { $0.symbol.utf8.lexicographicallyPrecedes($1.symbol.utf8) }
        for instrument in sorted {
            // Of an instrument that nobody has described the digits are those seen so far, and decide nothing.
            digest.add([
                instrument.symbol, instrument.isKnown ? "\(instrument.digits)" : "",
                instrument.pip.map { "\($0.normalized)" } ?? "",
                instrument.multiplier.map { "\($0.normalized)" } ?? "", instrument.quoteCurrency ?? "",
            ])
        }
        return digest.hexadecimal
    }
}

extension Difference.Cell {
    /// The value alone, however many digits it is shown with.
    fileprivate var canonical: String {
        switch self {
        case .number(let number, _): "\(number.normalized)"
        case .text(let text): "\"\(text)"
        }
    }
}

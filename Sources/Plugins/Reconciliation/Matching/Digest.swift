import PluginAPI
public import TradingBook

/// The SHA-256 of a list of texts, each preceded by its length so that no two lists collide, as hexadecimal digits.
struct Digest {
    private var bytes: [UInt8] = []

    init(reservingCapacity capacity: Int = 1_024) {
        bytes.reserveCapacity(capacity)
    }

    mutating func add(_ text: String) {
        addLength(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func add(_ texts: [String]) {
        for text in texts { add(text) }
    }

    /// As the text of its digits.
    mutating func add(_ number: some FixedWidthInteger) {
        add(String(number))
    }

    private mutating func addLength(_ length: Int) {
        if length < 10 {
            bytes.append(UInt8(ascii: "0") + UInt8(length))
        } else {
            bytes.append(contentsOf: String(length).utf8)
        }
        bytes.append(UInt8(ascii: ":"))
    }

    var hexadecimal: String { ContentHash.of(bytes) }
}

extension MatchResult {
    /// The same for the same policy and the same two books, whatever order their rows came in.
    public func digest(revision: String) -> String {
        var digest = Digest(reservingCapacity: 256 + 64 * pairs.count)
        digest.add(["v2", revision])
        for side in [ours, broker] {
            for rows in [side.rows, side.matched, side.unmatched, side.duplicate] { digest.add(rows) }
        }
        for pair in pairs {
            digest.add("pair")
            digest.add(pair.grade.rawValue)
            digest.add(pair.tradeIDs)
            digest.add("=")
            for ticket in pair.tickets { digest.add(ticket) }
        }
        for found in breaks {
            digest.add(["break", found.key])
            for difference in found.differences {
                digest.add([
                    difference.breakClass.rawValue, difference.field?.rawValue ?? "", difference.ours?.canonical ?? "",
                    difference.broker?.canonical ?? "", difference.direction?.rawValue ?? "",
                    difference.repeats.map(String.init) ?? "",
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

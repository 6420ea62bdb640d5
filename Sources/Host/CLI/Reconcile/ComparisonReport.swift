import PluginAPI
import Reconciliation
import TradingBook

/// A comparison's outcome as JSON with the contract's fields, and as text with tables.
struct ComparisonReport {
    let comparison: FileComparison
    let outcome: FileComparison.Outcome

    private var pairs: [MatchPair] { outcome.result?.pairs ?? [] }
    private var breaks: [FoundBreak] { outcome.result?.breaks ?? [] }
    private var sides: [(name: String, counts: SideCounts)] {
        [("ours", outcome.result?.ours ?? SideCounts()), ("broker", outcome.result?.broker ?? SideCounts())]
    }

    /// What the reader has to know about figures; nothing where nothing was compared.
    private var notes: [String] { outcome.verdict == .incomplete ? [] : comparison.cash.notes.map(\.printable) }

    // MARK: JSON

    var json: [UInt8] {
        var json = JSONWriter(reservingCapacity: 4_096)
        json.object { json in
            json.field("verdict", outcome.verdict.rawValue)
            json.field("pairs", pairs.count)
            json.objectField("counts") { json in
                for side in sides { write(side.counts, side.name, to: &json) }
            }
            json.arrayField("matches", of: pairs) { json, pair in
                json.object { json in
                    json.arrayField("trade_ids", of: pair.tradeIDs) { $0.string($1) }
                    json.arrayField("tickets", of: pair.tickets) { $0.integer($1) }
                    json.field("grade", pair.grade.rawValue)
                }
            }
            json.arrayField("breaks", of: breaks) { json, found in write(found, to: &json) }
            json.field("digest", outcome.digest)
            json.arrayField("notes", of: notes) { $0.string($1) }
        }
        return json.bytes
    }

    private func write(_ side: SideCounts, _ name: String, to json: inout JSONWriter) {
        json.objectField(name) { json in
            json.field("rows", side.rows)
            json.field("matched", side.matched)
            json.field("unmatched", side.unmatched)
            json.field("pending", side.pending)
            json.field("duplicate", side.duplicate)
        }
    }

    /// The fields of a break that exist without a store: no ID, account, status or times.
    private func write(_ found: FoundBreak, to json: inout JSONWriter) {
        json.object { json in
            json.field("class", found.breakClass.rawValue)
            json.field("severity", found.breakClass.severity.rawValue)
            json.field("symbol", found.symbol.isEmpty ? nil : found.symbol)
            json.field("trade_id", found.tradeID)
            json.field("ticket", found.ticket)
            write(found.differences[0], to: &json)
            json.key("differences")
            json.raw(found.differencesJSON.utf8)
        }
    }

    /// The break's own field and values: the first of its differences.
    private func write(_ difference: Difference, to json: inout JSONWriter) {
        json.field("field", difference.field?.rawValue)
        for (name, cell) in [("ours", difference.ours), ("broker", difference.broker), ("delta", difference.delta)] {
            json.key(name)
            if let cell { json.raw(cell.json.utf8) } else { json.null() }
        }
    }

    // MARK: Text

    var text: String {
        var parts = [headline]
        guard outcome.verdict != .incomplete else { return headline }
        if !notes.isEmpty { parts.append(notes.joined(separator: "\n")) }
        parts.append(countsTable.text)
        if !breaks.isEmpty { parts.append(breaksTable.text) }
        if !pairs.isEmpty { parts.append(matchesTable.text) }
        if let digest = outcome.digest { parts.append("Digest \(digest)") }
        return parts.joined(separator: "\n\n")
    }

    private var headline: String {
        let asOf = "as of \(comparison.snapshot.asOf)"
        switch outcome.verdict {
        case .reconciled: return "Reconciled \(asOf): \(Self.count(pairs.count, "pair")), no breaks"
        case .breaks:
            return "Breaks \(asOf): \(Self.count(pairs.count, "pair")), "
                + Self.count(breaks.count, "break")
        case .incomplete:
            let reason = comparison.snapshot.error.map { "; the source says: \($0.printable)" } ?? ""
            return "Incomplete \(asOf): the broker's side is \(comparison.snapshot.completeness.rawValue), "
                + "so nothing was compared\(reason)"
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    private var countsTable: TextTable {
        var table = TextTable(header: ["side", "rows", "matched", "unmatched", "pending", "duplicate"])
        for (name, side) in sides {
            let counts = [side.rows, side.matched, side.unmatched, side.pending, side.duplicate]
            table.append([name] + counts.map(String.init))
        }
        return table
    }

    /// A row for each difference, so that none is hidden behind the first.
    private var breaksTable: TextTable {
        var table = TextTable(header: [
            "severity", "class", "symbol", "ticket", "trade", "field", "ours", "broker", "delta",
        ])
        for found in breaks {
            for difference in found.differences {
                table.append([
                    difference.breakClass.severity.rawValue, Self.shownClass(difference),
                    found.symbol.isEmpty ? "–" : found.symbol, found.ticket.map(String.init) ?? "–",
                    found.tradeID ?? "–", difference.field?.rawValue ?? "–", Self.shown(difference.ours),
                    Self.shown(difference.broker), Self.shown(difference.delta),
                ])
            }
        }
        return table
    }

    private var matchesTable: TextTable {
        var table = TextTable(header: ["tickets", "trades", "grade"])
        for pair in pairs {
            table.append([
                pair.tickets.map(String.init).joined(separator: ","), pair.tradeIDs.joined(separator: ","),
                pair.grade.rawValue,
            ])
        }
        return table
    }

    /// The class, and of equal repeats how many they are.
    private static func shownClass(_ difference: Difference) -> String {
        let name = difference.breakClass.rawValue
        return difference.repeats.map { $0 > 1 ? "\(name) × \($0)" : name } ?? name
    }

    private static func shown(_ cell: Difference.Cell?) -> String {
        switch cell {
        case nil: "–"
        case .text(let text)?: text
        case .number?: cell?.json ?? "–"
        }
    }
}

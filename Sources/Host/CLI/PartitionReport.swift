import PluginAPI
import TradingBook

/// Partitions as text or JSON.
struct PartitionReport {
    struct Row {
        let table: String
        let partition: Partition
    }

    let rows: [Row]

    /// Writes to standard output; text about nothing is nothing.
    func print(_ format: ConfigurationCheck.Format, _ name: String) {
        if format == .json || !rows.isEmpty { Console.data(output(format, name)) }
    }

    /// - Parameter name: What the array is called in JSON.
    func output(_ format: ConfigurationCheck.Format, _ name: String) -> String {
        format == .json ? json(name) : text
    }

    private var text: String {
        var table = TextTable(header: ["partition", "table", "from", "to", "rows (about)", "size"])
        for row in rows {
            let (part, none) = (row.partition, row.partition.isDefault ? "what no other takes" : "–")
            table.append([
                part.name, row.table, part.from.map { "\($0)" } ?? none, part.to.map { "\($0)" } ?? "–",
                "\(part.rowsEstimate)", "\((part.bytes + 1_023) / 1_024) KiB",
            ])
        }
        return table.text
    }

    private func json(_ name: String) -> String {
        var json = JSONWriter()
        json.object { json in
            json.arrayField(name, of: rows) { json, row in
                json.object { json in
                    json.field("partition", row.partition.name)
                    json.field("table", row.table)
                    json.field("from", row.partition.from)
                    json.field("to", row.partition.to)
                    json.field("is_default", row.partition.isDefault)
                    json.field("rows_estimate", row.partition.rowsEstimate)
                    json.field("bytes", row.partition.bytes)
                }
            }
        }
        return json.text
    }
}

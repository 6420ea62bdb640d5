/// Finds the first row of a ticket among rows sorted by it.
///
/// The range of tickets is cut into as many equal parts as there are rows, and only the part of a ticket is searched.
/// Tickets that a broker counts up leave a row or two in each; the worst are searched in as many steps as their number
/// has bits.
struct TicketDirectory {
    private var low: Int64 = 0
    private var high: Int64 = -1
    private var shift: UInt64 = 0
    /// For each part its first row, and the end.
    private var starts: [Int32] = []

    /// - Parameter rows: Sorted by ticket, all positive.
    init(_ rows: [ComparedRow]) {
        guard let first = rows.first, let last = rows.last else { return }
        (low, high) = (first.ticket, last.ticket)
        while UInt64(high - low) >> shift >= UInt64(max(rows.count, 8)) { shift += 1 }
        let parts = Int(UInt64(high - low) >> shift) + 1
        starts.reserveCapacity(parts + 1)
        for (row, content) in rows.enumerated() {
            let part = Int(UInt64(content.ticket - low) >> shift)
            while starts.count <= part { starts.append(Int32(row)) }
        }
        starts.append(Int32(rows.count))
    }

    /// - Parameter rows: Those that it was made of.
    func row(of ticket: Int64, in rows: [ComparedRow]) -> Int? {
        guard ticket >= low, ticket <= high else { return nil }
        let part = Int(UInt64(ticket - low) >> shift)
        var (start, end) = (Int(starts[part]), Int(starts[part + 1]))
        while start < end {
            let middle = start + (end - start) / 2
            if rows[middle].ticket < ticket { start = middle + 1 } else { end = middle }
        }
        return start < rows.count && rows[start].ticket == ticket ? start : nil
    }
}

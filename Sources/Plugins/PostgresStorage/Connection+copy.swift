import CLibpq
import PluginAPI
import StorageWork

/// Many rows of a plain insert by `COPY`.
extension Connection {
    /// From how many rows on it pays to ask for the columns' types first.
    private static let copyRowsMin = 100
    /// So much is put together before it is sent.
    private static let copyChunk = 256 * 1_024

    /// Writes the rows by `COPY`, when the statement and every value allow it.
    ///
    /// - Returns: Whether it did; if not, nothing was written.
    func copyMany(_ statement: String, _ rows: [[Value]]) throws(ServerFailure) -> Bool {
        guard rows.count >= Self.copyRowsMin, let insert = PlainInsert(statement),
            let types = try columnTypes(of: insert), rows.allSatisfy({ Self.fits($0, types) })
        else { return false }
        let columns = insert.columns.joined(separator: ", ")
        try copy("COPY \(insert.table) (\(columns)) FROM STDIN (FORMAT binary)", rows, of: statement)
        return true
    }

    /// The types of the columns, which stay what they are until the transaction ends; `nil` where `COPY` is not the same as
    /// an insert, or the server has something to say about the names.
    private func columnTypes(of insert: PlainInsert) throws(ServerFailure) -> [Oid]? {
        let found = try rows(
            """
            SELECT a.attname, CAST(a.atttypid AS bigint)
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.oid = to_regclass(\(String(insert.table))) AND c.relkind IN ('r', 'p')
                AND NOT c.relrowsecurity AND NOT c.relhasrules
                AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
            """)
        var types: [String: Oid] = [:]
        for row in found {
            if let name = row.text(0), let type = row.integer(1) { types[name] = Oid(truncatingIfNeeded: type) }
        }
        let wanted = insert.columns.map { types[String($0)] }
        return wanted.contains(nil) ? nil : wanted.compactMap(\.self)
    }

    /// `COPY` converts nothing: every value has to be of its column's type.
    private static func fits(_ row: [Value], _ types: [Oid]) -> Bool {
        guard row.count == types.count else { return false }
        for index in row.indices where !row[index].isNull && ServerType.of(row[index]) != types[index] { return false }
        return true
    }

    private func copy(_ command: String, _ rows: [[Value]], of text: String) throws(ServerFailure) {
        guard !isBroken else { throw noted(.lost("the connection was given up")) }
        if current?.isOver == true { throw noted(ServerFailure(error: .timedOut)) }
        guard PQsendQuery(handle, command) == 1 else { throw noted(.lost(lastMessage)) }
        var wait = ServerWait(giveUpAt: .now + statementMax)
        try flush(&wait)
        try awaitInput(&wait)
        var answers: [Answer] = []
        var unsendable: StorageError?
        if let first = PQgetResult(handle).map(Answer.init) {
            if first.isCopying { unsendable = try send(rows, of: text, &wait) } else { answers.append(first) }
        }
        while true {
            try awaitInput(&wait)
            guard let next = PQgetResult(handle) else { break }
            answers.append(Answer(next))
        }
        try settle(wait, answers)
        if let unsendable { throw noted(ServerFailure(error: unsendable)) }
        try check(answers, text: text)
    }

    /// - Returns: What is wrong with a value; the server has been told to forget the rows then, as when the caller has gone.
    private func send(
        _ rows: [[Value]], of text: String, _ wait: inout ServerWait
    ) throws(ServerFailure) -> StorageError? {
        var data = CopyData(capacity: Self.copyChunk + 4_096)
        data.begin()
        for row in rows {
            do {
                try data.append(row, of: text)
            } catch {
                try endCopy(because: "a value cannot be kept", &wait)
                return error
            }
            guard data.bytes.count >= Self.copyChunk else { continue }
            try put(data, &wait)
            data.removeAll()
            if wait.cancel != nil || current?.isOver == true {
                try endCopy(because: "nobody waits any more", &wait)
                return .timedOut
            }
        }
        data.end()
        try put(data, &wait)
        try endCopy(because: nil, &wait)
        return nil
    }

    private func put(_ data: CopyData, _ wait: inout ServerWait) throws(ServerFailure) {
        while true {
            let state = data.bytes.withUnsafeBytes { bytes in
                PQputCopyData(handle, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count))
            }
            guard state >= 0 else { throw noted(.lost(lastMessage)) }
            try flush(&wait)
            if state == 1 { return }
        }
    }

    /// - Parameter reason: Makes the server forget the rows.
    private func endCopy(because reason: String?, _ wait: inout ServerWait) throws(ServerFailure) {
        while true {
            let state = PQputCopyEnd(handle, reason)
            guard state >= 0 else { throw noted(.lost(lastMessage)) }
            try flush(&wait)
            if state == 1 { return }
        }
    }
}

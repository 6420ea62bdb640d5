import CLibpq
import PluginAPI

/// What a backup and its way back need of a connection.
extension Connection {
    /// How long one step may take: as long as it takes.
    private static let stepMax = Duration.seconds(86_400)

    /// Runs statements as they are, for as long as they take.
    ///
    /// - Parameter name: What stands for them in an error, when they are long.
    func run(script: String, called name: String? = nil) throws(ServerFailure) {
        try check(exchange(limit: Self.stepMax) { PQsendQuery($0, script) }, text: name ?? script)
    }

    /// Begins to send rows.
    func beginRows(_ copy: String) throws(ServerFailure) {
        guard PQsendQuery(handle, copy) == 1 else { throw noted(.lost(lastMessage)) }
        var wait = ServerWait(giveUpAt: .now + Self.stepMax)
        try flush(&wait)
        try awaitInput(&wait)
        guard let next = PQgetResult(handle) else { throw noted(.lost(lastMessage)) }
        let answer = Answer(next)
        guard answer.status == PGRES_COPY_IN else {
            try check([answer], text: copy)
            throw noted(ServerFailure(error: .statement("takes no rows: \(copy)")))
        }
    }

    func send(rows: [UInt8]) throws(ServerFailure) {
        var wait = ServerWait(giveUpAt: .now + Self.stepMax)
        while true {
            let code = rows.withUnsafeBytes { bytes in
                PQputCopyData(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
            }
            if code == 1 { return try flush(&wait) }
            guard code == 0 else { throw noted(.lost(lastMessage)) }
            try flush(&wait)
        }
    }

    func endRows() throws(ServerFailure) {
        let answers = try exchange(limit: Self.stepMax) { PQputCopyEnd($0, nil) }
        try check(answers, text: "the rows of a table")
    }
}

import PluginAPI
import StorageWork

/// Something to be read on a reader thread.
protocol Read: Sendable {
    /// Reads and answers the caller, unless nobody waits any more.
    func answer(from connection: Connection, meter: ConnectionMeter)
}

/// A reader thread's life: reads until the queue is closed and empty, then closes the connection.
enum Reader {
    static func work(through queue: JobQueue<any Read>, on connection: Connection, meter: ConnectionMeter) {
        let taker = JobTaker()
        while let read = queue.take(as: taker, atMost: 1).first {
            read.answer(from: connection, meter: meter)
        }
        connection.close()
    }
}

/// One reading statement.
struct StatementRead: Read {
    let sql: SQL
    let call: Call<Result<Rows, StorageError>>

    func answer(from connection: Connection, meter: ConnectionMeter) {
        guard call.begin() else { return }
        connection.current = call
        defer { connection.current = nil }
        call.finish(meter.working { Result { () throws(StorageError) in try connection.rows(sql) } })
    }
}

/// Whatever a body reads.
struct BodyRead<Output: Sendable>: Read {
    let body: @Sendable (Connection) throws -> Output
    let call: Call<Result<Output, any Error>>

    func answer(from connection: Connection, meter: ConnectionMeter) {
        guard call.begin() else { return }
        connection.current = call
        defer { connection.current = nil }
        call.finish(meter.working { Result { try body(connection) } })
    }
}

import PluginAPI
import StorageWork

/// One reading statement on its way to a reader thread.
struct Read: Sendable {
    let sql: SQL
    let call: Call<Result<Rows, StorageError>>

    /// A reader thread's life: reads until the queue is closed and empty, then closes the connection.
    static func work(through queue: JobQueue<Read>, on connection: Connection, meter: ConnectionMeter) {
        while let read = queue.take(atMost: 1).first {
            guard read.call.begin() else { continue }
            read.call.finish(meter.working { read.answer(from: connection) })
        }
        connection.close()
    }

    private func answer(from connection: Connection) -> Result<Rows, StorageError> {
        connection.current = call
        defer { connection.current = nil }
        return Result { () throws(StorageError) in try connection.rows(sql) }
    }
}

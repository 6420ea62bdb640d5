import Glibc
import PluginAPI
import StorageWork

/// An open database: its lock, its queues and the threads that work them.
struct Engine: Sendable {
    let reads: JobQueue<any Read>
    /// Of statements of people who are not trusted.
    let scopedReads: JobQueue<any Read>
    let writes: JobQueue<any Write>
    let writer: Writer
    private let lock: LockFile
    private let meter: ConnectionMeter
    private let readerThreads: [WorkerThread]
    private let writerThread: WorkerThread

    /// Opens everything on a thread of its own, because opening may wait for the disk or recover a log.
    static func open(path: String, meter: ConnectionMeter) async throws -> Engine {
        let opened = await withCheckedContinuation { continuation in
            do {
                _ = try WorkerThread {
                    continuation.resume(returning: Result { try Engine(path: path, meter: meter) })
                }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try opened.get()
    }

    private init(path: String, meter: ConnectionMeter) throws(ModuleError) {
        self.meter = meter
        try Directory.create(containing: path)
        lock = try LockFile(path: path + ".lock", of: path)
        let readersTotal = min(max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 8)
        do {
            writer = Writer(connection: try Connection(path: path, role: .writer), meter: meter)
            let scopedTotal = max(1, readersTotal / 2)
            let readingScoped = try (0..<scopedTotal).map { _ in try Connection(path: path, role: .reader) }
            let reading = try (0..<readersTotal).map { _ in try Connection(path: path, role: .reader) }
            let (reads, scopedReads, writes) = (JobQueue<any Read>(), JobQueue<any Read>(), JobQueue<any Write>())
            (self.reads, self.scopedReads, self.writes) = (reads, scopedReads, writes)
            readerThreads =
                try reading.map { connection in
                    try WorkerThread { Reader.work(through: reads, on: connection, meter: meter) }
                }
                + readingScoped.map { connection in
                    try WorkerThread { Reader.work(through: scopedReads, on: connection, meter: meter) }
                }
            let writer = writer
            writerThread = try WorkerThread { writer.work(through: writes) }
            meter.opened(readerThreads.count + 1)
        } catch let error as StorageError {
            throw .unavailable(reason: "cannot open the database \(path): \(error.reason)")
        } catch {
            throw .unavailable(reason: "cannot open the database \(path): \(error)")
        }
    }

    /// Lets the threads finish what is queued; the writer goes last, so that its checkpoint meets no reader.
    func close() async {
        reads.close()
        scopedReads.close()
        for thread in readerThreads { await thread.join() }
        writes.close()
        await writerThread.join()
        meter.closed(readerThreads.count + 1)
        lock.release()
    }
}

import Glibc
import NIOCore
import PluginAPI
import StorageWork
import Synchronization

/// A file descriptor that takes lines: a pipe, a socket, a terminal or a file.
///
/// A line that the descriptor has room for is written by whoever logs it, so that a process which ends without warning has
/// said what it had to say. Event loops log, too, and must not wait for a reader: what the descriptor does not take at once
/// is kept, and written in its order by a thread that lives for as long as something is kept.
///
/// ```
///          room                  none, or lines are kept already                  all written
///   line ────────► descriptor  ──────────────────────────────────► kept ─ thread ─────────────► descriptor
/// ```
final class DescriptorSink: LogSink {
    private struct State {
        /// In their order; the first may be what is left of a line.
        var kept = CircularBuffer<[UInt8]>()
        /// Bytes of them, and of what the thread is at.
        var keptBytes = 0
        var hasThread = false
    }

    /// What the thread writes in one piece, about.
    private static let pieceMax = 64 << 10
    /// Standard error, for the whole process. What is still kept when the process exits has half a second to be written.
    static let standardError: DescriptorSink = {
        atexit { DescriptorSink.standardError.drain(within: .milliseconds(500)) }
        return DescriptorSink(STDERR_FILENO)
    }()

    private let writer: DescriptorWriter
    private let keptMax: Int
    private let state = Mutex(State())
    private let lost = Atomic<Int>(0)

    /// - Parameter keptMax: Bytes that may wait.
    init(_ descriptor: Int32, keptMax: Int = 4 << 20) {
        writer = DescriptorWriter(descriptor)
        self.keptMax = keptMax
    }

    deinit { writer.close() }

    func write(_ line: [UInt8]) {
        state.withLock { state in
            guard state.keptBytes > 0 else { return begin(line, &state) }
            guard state.keptBytes + line.count <= keptMax else {
                startThread(&state)
                return lose(1)
            }
            keep(line, &state)
        }
    }

    var lostTotal: Int { lost.load(ordering: .relaxed) }

    private func lose(_ lines: Int) { lost.add(lines, ordering: .relaxed) }

    /// Whether anything waits to be written.
    var isKeeping: Bool { state.withLock { $0.keptBytes > 0 } }

    /// Blocks until everything is written, or until that has taken too long.
    func drain(within patience: Duration) {
        let end = ContinuousClock.now + patience
        while isKeeping, .now < end {
            state.withLock { startThread(&$0) }
            usleep(2_000)
        }
    }

    /// Writes what there is room for, and keeps the rest of it.
    private func begin(_ line: [UInt8], _ state: inout State) {
        switch writer.writeAtOnce(line) {
        case .wrote(let count): if count < line.count { keep(Array(line[count...]), &state) }
        case .failed: lose(1)
        }
    }

    private func keep(_ line: [UInt8], _ state: inout State) {
        state.kept.append(line)
        state.keptBytes += line.count
        startThread(&state)
    }

    /// Where the system gives no thread, the next line tries again.
    private func startThread(_ state: inout State) {
        guard !state.hasThread, state.keptBytes > 0 else { return }
        state.hasThread =
            (try? WorkerThread(named: "log") { [self] in
                while let piece = nextPiece() { write(piece) }
            }) != nil
    }

    private struct Piece {
        var bytes: [UInt8] = []
        var lines = 0
    }

    /// - Returns: `nil` when there is nothing, and the thread ends.
    private func nextPiece() -> Piece? {
        state.withLock { state in
            var piece = Piece()
            while piece.bytes.count < Self.pieceMax, let line = state.kept.popFirst() {
                piece.bytes += line
                piece.lines += 1
            }
            if piece.lines == 0 { state.hasThread = false }
            return piece.lines == 0 ? nil : piece
        }
    }

    private func write(_ piece: Piece) {
        if !writer.write(piece.bytes) { lose(piece.lines) }
        state.withLock { $0.keptBytes -= piece.bytes.count }
    }
}

import NIOCore
import PluginAPI
import Synchronization

/// Spells answers as the bytes that go out, head and body in one buffer whose memory is used again once it was sent.
///
/// Belongs to one event loop and lives from one answer to the next: what is in it is overwritten by the next answer, so
/// that whoever has written an answer hands ``bytes`` to the connection at once.
final class AnswerWriter {
    /// A larger buffer is not kept for the next answer.
    static let keptMax = 64 << 10

    private(set) var bytes = ByteBuffer()
    private var second = Int64.min
    /// Of that second.
    private var date: [UInt8] = []

    /// Begins an answer: the status line, and fields that never differ.
    func begin(_ text: StaticString) {
        if bytes.storageCapacity > AnswerWriter.keptMax { bytes = ByteBuffer() }
        bytes.clear()
        bytes.writeStaticString(text)
    }

    func write(_ text: StaticString) { bytes.writeStaticString(text) }

    /// - Parameter text: Nothing that a client could put a line break into.
    func write(_ text: String) { bytes.writeString(text) }

    func write(_ text: Substring) { bytes.writeSubstring(text) }

    func write(_ number: Int64) { bytes.writeString(String(number)) }

    /// The head's last field, `Date`, and then the body.
    func end(at now: Timestamp, body: [UInt8]?) {
        let second = now.microseconds / 1_000_000
        if second != self.second {
            self.second = second
            date = Array("\r\nDate: \(HTTPDate.spell(second))\r\n\r\n".utf8)
        }
        bytes.writeBytes(date)
        if let body { bytes.writeBytes(body) }
    }
}

@available(*, unavailable)
extension AnswerWriter: Sendable {}

/// The writers of a listener, one for each event loop.
final class AnswerWriters: Sendable {
    private let writers = Mutex<[ObjectIdentifier: NIOLoopBoundBox<AnswerWriter>]>([:])

    /// - Precondition: Called on the event loop.
    func writer(on eventLoop: any EventLoop) -> AnswerWriter {
        let id = ObjectIdentifier(eventLoop)
        if let box = writers.withLock({ $0[id] }) { return box.value }
        let box = NIOLoopBoundBox(AnswerWriter(), eventLoop: eventLoop)
        writers.withLock { $0[id] = box }
        return box.value
    }
}

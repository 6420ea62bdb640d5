import NIOCore
import PluginAPI
import Synchronization

/// The bytes of an answer that go out, head and body in one buffer whose memory is used again once it was sent.
struct AnswerBytes {
    /// A larger buffer is not kept for the next answer.
    static let keptMax = 64 << 10

    private(set) var buffer = ByteBuffer()
    private var second = Int64.min
    /// Of that second.
    private var date: [UInt8] = []

    /// Begins an answer: the status line, and fields that never differ.
    mutating func begin(_ text: StaticString) {
        if buffer.storageCapacity > AnswerBytes.keptMax { buffer = ByteBuffer() }
        buffer.clear()
        buffer.writeStaticString(text)
    }

    mutating func write(_ text: StaticString) { buffer.writeStaticString(text) }

    /// - Parameter text: Nothing that a client could put a line break into.
    mutating func write(_ text: String) { buffer.writeString(text) }

    mutating func write(_ text: Substring) { buffer.writeSubstring(text) }

    mutating func write(_ number: Int64) { buffer.writeString(String(number)) }

    /// The head's last field, `Date`, and then the body.
    mutating func end(at now: Timestamp, body: [UInt8]?) {
        let second = now.microseconds / 1_000_000
        if second != self.second {
            self.second = second
            date = Array("\r\nDate: \(HTTPDate.spell(second))\r\n\r\n".utf8)
        }
        buffer.writeBytes(date)
        if let body { buffer.writeBytes(body) }
    }
}

/// Where the answers of an event loop are spelled.
///
/// It lives from one answer to the next: what is in it is overwritten by the next answer, so that whoever has written an
/// answer hands its buffer to the connection at once.
final class AnswerWriter {
    var answer = AnswerBytes()
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

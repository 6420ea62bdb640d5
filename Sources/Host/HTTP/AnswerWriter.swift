import NIOCore
import PluginAPI

/// The bytes of an answer that go out, head and body in one buffer whose memory is used again once it was sent.
struct AnswerBytes {
    /// A larger buffer is not kept for the next answer.
    static let keptMax = 64 << 10

    private(set) var buffer = ByteBuffer()
    private var second = Int64.min
    /// Of that second.
    private var date: [UInt8] = []

    /// Spells one answer in the place of the last.
    ///
    /// - Parameters:
    ///   - sizeMax: What the answer may take; room for it is made once.
    ///   - write: Given the head's end as well: the field `Date` and the empty line.
    mutating func spell(sizeMax: Int, at now: Timestamp, _ write: (inout AnswerText, [UInt8]) -> Void) {
        keepDate(at: now)
        if buffer.storageCapacity > AnswerBytes.keptMax { buffer = ByteBuffer() }
        buffer.clear(minimumCapacity: sizeMax)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: sizeMax) { place in
            // What is there may be more.
            var text = AnswerText(in: UnsafeMutableRawBufferPointer(rebasing: place[..<sizeMax]))
            write(&text, date)
            return text.count
        }
    }

    private mutating func keepDate(at now: Timestamp) {
        let second = now.microseconds / 1_000_000
        guard second != self.second else { return }
        self.second = second
        date = Array("\r\nDate: \(HTTPDate.spell(second))\r\n\r\n".utf8)
    }
}

/// An answer while it is spelled: bytes behind bytes in one piece of memory, without asking for more.
struct AnswerText: ~Copyable {
    private let start: UnsafeMutableRawPointer?
    private let sizeMax: Int
    private(set) var count = 0

    /// - Parameter place: Stays where it is for as long as the text is written.
    fileprivate init(in place: UnsafeMutableRawBufferPointer) {
        start = place.baseAddress
        sizeMax = place.count
    }

    /// By a name of its own: without one, a literal is taken for a `String`.
    mutating func write(constant: StaticString) {
        append(UnsafeRawBufferPointer(start: constant.utf8Start, count: constant.utf8CodeUnitCount))
    }

    /// - Parameter text: Nothing that a client could put a line break into.
    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    mutating func write(_ text: Substring) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    mutating func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// In decimal digits.
    mutating func write(_ number: Int64) {
        if number < 0 { write(constant: "-") }
        var rest = number.magnitude
        var digitsTotal = 1
        while rest >= 10 {
            rest /= 10
            digitsTotal += 1
        }
        guard let start = room(for: digitsTotal) else { return }
        rest = number.magnitude
        for place in (0..<digitsTotal).reversed() {
            start.storeBytes(of: UInt8(ascii: "0") + UInt8(rest % 10), toByteOffset: place, as: UInt8.self)
            rest /= 10
        }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, let start = room(for: bytes.count) else { return }
        start.copyMemory(from: source, byteCount: bytes.count)
    }

    /// Where the next bytes go.
    private mutating func room(for size: Int) -> UnsafeMutableRawPointer? {
        precondition(size <= sizeMax - count, "an answer is longer than was said")
        defer { count += size }
        return start.map { $0 + count }
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

import HTTPTypes
import NIOCore
import NIOHTTP1
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("The bytes of an answer at hand")
struct AnswerTextTests {
    @Test("However an answer is put together, its bytes are those that its texts add up to", arguments: 0..<40)
    func spelled(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var bytes = AnswerBytes()
        // One after another in the same buffer.
        for _ in 0..<20 {
            let parts = (0..<Int.random(in: 0...12, using: &random)).map { _ in Part.random(using: &random) }
            let now = Timestamp(microseconds: Int64.random(in: 0...3_000_000, using: &random))
            let plain =
                parts.map(\.plain).joined() + "\r\nDate: \(HTTPDate.spell(now.microseconds / 1_000_000))\r\n\r\n"

            bytes.spell(sizeMax: plain.utf8.count, at: now) { text, headEnd in
                for part in parts { part.write(to: &text) }
                text.write(headEnd)
            }

            #expect(String(buffer: bytes.buffer) == plain)
        }
    }

    @Test("Numbers are spelled as everywhere", arguments: [0, 9, 10, 99, 100, 1_234_567_890, Int64.max, -1, Int64.min])
    func numbers(number: Int64) {
        var bytes = AnswerBytes()
        bytes.spell(sizeMax: 20, at: Timestamp(microseconds: 0)) { text, _ in text.write(number) }
        #expect(String(buffer: bytes.buffer) == "\(number)")
    }

    @Test("The buffer of a long answer is not kept for the next")
    func longAnswers() {
        var bytes = AnswerBytes()
        let long = [UInt8](repeating: 7, count: 2 * AnswerBytes.keptMax)
        bytes.spell(sizeMax: long.count, at: Timestamp(microseconds: 0)) { text, _ in text.write(long) }
        #expect(Array(buffer: bytes.buffer) == long)

        bytes.spell(sizeMax: 8, at: Timestamp(microseconds: 0)) { text, _ in text.write("short") }
        #expect(String(buffer: bytes.buffer) == "short")
        #expect(bytes.buffer.storageCapacity <= AnswerBytes.keptMax)
    }

    @Test("The longest answer has room in what is said of its size")
    func longestHit() throws {
        let requestID = String(repeating: "r", count: 64)
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/",
            headers: ["Host": "h", "Authorization": "Bearer t", "X-Request-Id": requestID])
        let now = Timestamp(seconds: 253_402_300_799)
        let entry = CacheEntry(
            body: [], etag: EntityTag.make(for: []), tags: [], stamp: CacheStamp(versions: []),
            storedAt: Timestamp(microseconds: 0), freshUntil: now, staleUntil: now)
        let body = [UInt8](repeating: 7, count: 100_000)
        let hit = Hit(
            method: .get, chosen: Representation(entry, packed: body, ifNoneMatch: nil), status: .stale(ttl: .min),
            id: HitID(try #require(PlainHead(head))),
            rate: RateDecision(
                isAdmitted: true, limit: .max, remaining: .max, secondsToNext: .max, secondsToFull: .max),
            variesByOrigin: true)
        var bytes = AnswerBytes()

        // It ends the process when it has not.
        hit.write(to: &bytes, at: now, isLast: true)

        let text = String(buffer: bytes.buffer)
        #expect(bytes.buffer.readableBytesView.suffix(body.count).elementsEqual(body))
        for part in [requestID, "gzip", "close", "Accept-Encoding", "Origin", "stale-if-error", "q=\(Int64.max)"] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test("Bytes that are still being sent are not written over")
    func kept() {
        var bytes = AnswerBytes()
        bytes.spell(sizeMax: 8, at: Timestamp(microseconds: 0)) { text, _ in text.write("first") }
        let first = bytes.buffer
        bytes.spell(sizeMax: 8, at: Timestamp(microseconds: 0)) { text, _ in text.write("second") }
        #expect(String(buffer: first) == "first" && String(buffer: bytes.buffer) == "second")
    }
}

/// A piece of an answer, and what it comes to.
private enum Part {
    case text(String)
    case shortened(Substring)
    case number(Int64)
    case bytes([UInt8])
    case constant

    private static let constantText: StaticString = "\r\nVary: Origin"

    static func random(using random: inout SplitMix) -> Part {
        let letters = String(repeating: "\"aä-", count: Int.random(in: 0...30, using: &random))
        return switch Int.random(in: 0...4, using: &random) {
        case 0: .text(letters)
        case 1: .shortened(letters.dropLast())
        case 2: .number(Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...63, using: &random))
        case 3: .bytes(Array(letters.utf8))
        default: .constant
        }
    }

    var plain: String {
        switch self {
        case .text(let text): text
        case .shortened(let text): String(text)
        case .number(let number): "\(number)"
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .constant: Part.constantText.description
        }
    }

    func write(to text: inout AnswerText) {
        switch self {
        case .text(let part): text.write(part)
        case .shortened(let part): text.write(part)
        case .number(let number): text.write(number)
        case .bytes(let part): text.write(part)
        case .constant: text.write(constant: Part.constantText)
        }
    }
}

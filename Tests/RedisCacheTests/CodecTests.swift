import PluginTesting
import Testing

@testable import RedisCache

@Suite("Redis protocol")
struct CodecTests {
    @Test("Replies are read the same however their bytes are split", arguments: 0..<200)
    func splits(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let replies = (0..<Int.random(in: 1...20, using: &random)).map { _ in randomReply(depth: 0, &random) }
        let wire = replies.flatMap(wireForm)
        let reader = try #require(RedisReplyReader())

        var read: [RedisReply] = []
        var rest = wire[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(Int.random(in: 1...max(1, wire.count / 3), using: &random)))
            rest = rest.dropFirst(part.count)
            try part.withUnsafeBytes { try reader.read($0) { read.append($0) } }
        }

        #expect(read == replies)
    }

    @Test("A command's words arrive with any bytes, none too")
    func command() {
        #expect(
            RedisCommand([Array("SET".utf8), [], [0, 13, 10, 255]]).bytes
                == Array("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\n".utf8) + [0, 13, 10, 255, 13, 10])
        #expect(RedisCommand("PING").bytes == Array("*1\r\n$4\r\nPING\r\n".utf8))
        for length in [9, 10, 99, 100, 1_000_000] {
            let word = [UInt8](repeating: 0x61, count: length)
            #expect(RedisCommand([word]).bytes == Array("*1\r\n$\(length)\r\n".utf8) + word + [13, 10])
        }
    }

    @Test(
        "What is no reply, or one without bounds, is refused",
        arguments: ["?\r\n", "*100000\r\n", "$-2\r\n", "HTTP/1.1 400 Bad Request\r\n", ":x\r\n"])
    func garbage(text: String) throws {
        let reader = try #require(RedisReplyReader())
        #expect(throws: RedisError.self) {
            try Array(text.utf8).withUnsafeBytes { try reader.read($0) { _ in } }
        }
    }

    @Test("A reply that does not end is refused")
    func endless() throws {
        let reader = try #require(RedisReplyReader(bytesMax: 1_000))
        let start = Array("$1000000\r\n".utf8) + [UInt8](repeating: 0x61, count: 2_000)
        #expect(throws: RedisError.self) {
            try start.withUnsafeBytes { try reader.read($0) { _ in } }
        }
    }

    @Test("Replies before what is no reply are taken all the same")
    func garbageBehindReplies() throws {
        let reader = try #require(RedisReplyReader())
        var read: [RedisReply] = []
        #expect(throws: RedisError.self) {
            try Array("+OK\r\n:7\r\n*2\r\n$1\r\na\r\n?".utf8).withUnsafeBytes {
                try reader.read($0) { read.append($0) }
            }
        }
        #expect(read == [.status(Array("OK".utf8)[...]), .integer(7)])
    }

    @Test(
        "A reply that does not end is refused, though each of its elements does",
        arguments: ["$5\r\nhello\r\n", ":1\r\n", "$-1\r\n", "-ERR\r\n", "+OK\r\n", "*1\r\n:1\r\n"])
    func endlessArray(element: String) throws {
        let reader = try #require(RedisReplyReader(bytesMax: 1_000))
        let start = Array("*60000\r\n".utf8) + (0..<300).flatMap { _ in Array(element.utf8) }
        #expect(throws: RedisError.self) { try start.withUnsafeBytes { try reader.read($0) { _ in } } }
    }

    @Test("A line that does not end is refused", arguments: ["+", "-", ":", "*", "$"])
    func endlessLine(type: String) throws {
        let reader = try #require(RedisReplyReader())
        let start = Array(type.utf8) + [UInt8](repeating: UInt8(ascii: "1"), count: 100_000)
        #expect(throws: RedisError.self) { try start.withUnsafeBytes { try reader.read($0) { _ in } } }
    }

    @Test("A reply as large as any is taken in, in pieces as they come")
    func large() throws {
        let reader = try #require(RedisReplyReader())
        let element = [UInt8](repeating: 0x61, count: 900)
        let wire = wireForm(.array((0..<20_000).map { _ in .bulk(element[...]) }))
        var read: [RedisReply] = []
        for start in stride(from: 0, to: wire.count, by: 65_536) {
            let piece = wire[start..<min(start + 65_536, wire.count)]
            try piece.withUnsafeBytes { try reader.read($0) { read.append($0) } }
        }
        guard case .array(let elements)? = read.first else { return #expect(Bool(false), "\(read.count) replies") }
        #expect(read.count == 1 && elements.count == 20_000 && elements.allSatisfy { $0 == .bulk(element[...]) })
    }

    private func randomReply(depth: Int, _ random: inout SplitMix) -> RedisReply {
        switch Int.random(in: 0...(depth < 3 ? 5 : 4), using: &random) {
        case 0: .status(Array("OK\(Int.random(in: 0...99, using: &random))".utf8)[...])
        case 1: .error("ERR \(Int.random(in: 0...99, using: &random))")
        case 2: .integer(Int64.random(in: .min ... .max, using: &random))
        case 3: .null
        case 4:
            .bulk(bytes(Int.random(in: 0...300, using: &random), &random)[...])
        default:
            .array((0..<Int.random(in: 0...6, using: &random)).map { _ in randomReply(depth: depth + 1, &random) })
        }
    }

    private func bytes(_ count: Int, _ random: inout SplitMix) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func wireForm(_ reply: RedisReply) -> [UInt8] {
        switch reply {
        case .status(let text): Array("+".utf8) + text + [13, 10]
        case .error(let text): Array("-\(text)\r\n".utf8)
        case .integer(let number): Array(":\(number)\r\n".utf8)
        case .null: Array("$-1\r\n".utf8)
        case .bulk(let bytes): Array("$\(bytes.count)\r\n".utf8) + bytes + [13, 10]
        case .array(let replies): Array("*\(replies.count)\r\n".utf8) + replies.flatMap(wireForm)
        }
    }
}

import CZlib
import PluginAPI
import Testing

@testable import Host

@Suite("Compressed answers")
struct CompressionTests {
    /// A body of which compressing leaves a fraction.
    private static func long(_ user: String) -> String {
        #"{"user":"\#(user)","rows":[\#(String(repeating: "\"EURUSD\",", count: 300))0]}"#
    }

    private static func host(_ body: @escaping @Sendable (String) -> String = long) throws -> HitFixture {
        try HitFixture(answer: { Reply(body: Array(body($0.user).utf8)) })
    }

    private static let gzip = "Accept-Encoding: gzip, deflate, br"

    @Test(
        "Who takes gzip gets it, at hand as by the usual way, and the others get the body as it is",
        arguments: ["GET", "HEAD"])
    func negotiated(method: String) async throws {
        let host = try Self.host()
        let texts = [
            host.text(), host.text(method: method, fields: [Self.gzip]),
            host.text(method: method, fields: [Self.gzip, "Pragma: x"]), host.text(method: method, fields: [Self.gzip]),
            host.text(method: method),
        ]
        let received = try await host.run { server in
            var received: [RawBytes] = []
            for text in texts { received.append(try await RawBytes.ask(text, server.port)) }
            return received
        }

        // The first who asks for gzip goes the usual way, since nobody has compressed the body.
        #expect(host.hits.value == 2)
        let (usual, hit, plain) = (received[2], received[3], received[4])
        #expect(Set(usual.fields.keys) == Set(hit.fields.keys))
        for name in ["content-encoding", "etag", "vary", "content-length", "cache-control"] {
            #expect(hit.fields[name] == usual.fields[name] && usual.fields[name] == received[1].fields[name], "\(name)")
        }
        #expect(hit.fields["content-encoding"] == "gzip" && plain.fields["content-encoding"] == nil)
        #expect(received.allSatisfy { $0.fields["vary"] == "Accept-Encoding" })
        #expect(hit.fields["etag"] != plain.fields["etag"] && plain.fields["etag"] == received[0].fields["etag"])
        if method == "GET" {
            #expect(hit.body == usual.body && hit.fields["content-length"] == "\(hit.body.count)")
            #expect(hit.body.count < plain.body.count / 4)
            #expect(Gunzip.text(hit.body) == Self.long("ann"))
        } else {
            #expect(hit.body.isEmpty && hit.fields["content-length"] != plain.fields["content-length"])
        }
    }

    @Test(
        "A client that names a form it takes has it",
        arguments: [
            ("gzip", "GZIP", 304, "GZIP"), ("gzip", "PLAIN", 304, "PLAIN"), ("gzip", "W/GZIP", 304, "GZIP"),
            ("identity", "PLAIN", 304, "PLAIN"), ("identity", "GZIP", 200, "PLAIN"), ("gzip", "\"no\"", 200, "GZIP"),
            ("gzip", "*", 304, "GZIP"),
        ])
    func conditions(coding: String, condition: String, status: Int, tag: String) async throws {
        let host = try Self.host()
        let (answers, tags) = try await host.run { server in
            let plain = try await RawBytes.ask(host.text(), server.port).fields["etag"] ?? ""
            let gzip = try await RawBytes.ask(host.text(fields: [Self.gzip]), server.port).fields["etag"] ?? ""
            let named = condition.replacing("PLAIN", with: plain).replacing("GZIP", with: gzip)
            let fields = ["Accept-Encoding: \(coding)", "If-None-Match: \(named)"]
            let usual = try await RawBytes.ask(host.text(fields: fields + ["Pragma: x"]), server.port)
            let hit = try await RawBytes.ask(host.text(fields: fields), server.port)
            return ([usual, hit], ["PLAIN": plain, "GZIP": gzip])
        }

        #expect(host.hits.value == 1)
        #expect(answers.allSatisfy { $0.status == status && $0.fields["etag"] == tags[tag] })
        #expect(answers.allSatisfy { $0.fields["vary"] == "Accept-Encoding" })
        #expect(answers.allSatisfy { ($0.status == 304) == $0.body.isEmpty })
    }

    @Test("That there is nothing is never 304, and never compressed", arguments: [nil, "If-None-Match: *"])
    func nothing(condition: String?) async throws {
        let host = try HitFixture(answer: { _ in throw Problem.notFound(String(repeating: "nothing ", count: 400)) })
        let text = host.text(fields: [Self.gzip] + (condition.map { [$0] } ?? []))
        let answers = try await host.run { server in
            [try await RawBytes.ask(text, server.port), try await RawBytes.ask(text, server.port)]
        }
        #expect(answers.allSatisfy { $0.status == 404 && $0.fields["content-encoding"] == nil })
        #expect(answers.allSatisfy { String(decoding: $0.body, as: UTF8.self).hasPrefix(#"{"type":"about:blank""#) })
        // The second one is kept, if only for a moment.
        #expect(answers[1].fields["cache-status"]?.hasPrefix("concord; hit") == true)
    }

    @Test("A short body, and one that compressing does not shorten, is sent as it is", arguments: [5, 8_000])
    func notWorthIt(length: Int) async throws {
        let noise = (0..<length).map { _ in UInt8.random(in: .min ... .max) }
        let host = try HitFixture(answer: { _ in Reply(body: noise) })
        let text = host.text(fields: [Self.gzip])
        let answers = try await host.run { server in
            [try await RawBytes.ask(text, server.port), try await RawBytes.ask(text, server.port)]
        }
        #expect(answers.allSatisfy { $0.body == noise && $0.fields["content-encoding"] == nil })
        #expect(answers.allSatisfy { $0.fields["vary"] == (length == 5 ? nil : "Accept-Encoding") })
        #expect(host.hits.value == 1)
    }

    @Test("What is kept takes no more room than its bytes")
    func room() throws {
        let packed = try #require(Gzip.compress(Array(repeating: 7, count: 1 << 20)))
        // The next larger piece of memory is a quarter longer at most.
        #expect(packed.capacity <= packed.count * 5 / 4 + 64)
    }

    @Test("With compression off nothing is compressed, and nothing varies by it")
    func off() async throws {
        let host = try HitFixture(adjust: { $0.compressFrom = nil }) { Reply(body: Array(Self.long($0.user).utf8)) }
        let text = host.text(fields: [Self.gzip])
        let answers = try await host.run { server in
            [try await RawBytes.ask(text, server.port), try await RawBytes.ask(text, server.port)]
        }
        #expect(answers.allSatisfy { $0.fields["content-encoding"] == nil && $0.fields["vary"] == nil })
        #expect(host.hits.value == 1)
    }

    @Test("A body is compressed once: what was made for its tag is given again")
    func once() async throws {
        let bodies = GzipBodies(bodyMin: 1)
        func entry(_ byte: UInt8) -> CacheEntry {
            CacheEntry(
                status: 200, body: Array(repeating: byte, count: 4_000), etag: "tag", tags: [],
                stamp: CacheStamp(versions: []), storedAt: .init(microseconds: 0), freshUntil: .init(microseconds: 1),
                staleUntil: .init(microseconds: 1))
        }
        let first = await bodies.body(of: entry(1))

        // No two bodies have one tag; here they tell whether anything was made of the second.
        #expect(await bodies.body(of: entry(2)) == first)
        #expect(bodies.kept(entry(2)) == first)
    }

    @Test(
        "Weights are read as RFC 9110 has them",
        arguments: [
            ("gzip", true), ("GZip", true), ("x-gzip", true), ("deflate, gzip;q=1.0, *;q=0.5", true), ("*", true),
            ("gzip;q=0.001", true), ("gzip ; q=0.5", true), ("br,gzip", true), ("identity;q=0, gzip;q=0.1", true),
            ("", false), ("identity", false), ("br", false), ("gzip;q=0", false), ("gzip;q=0.000", false),
            ("*;q=0", false), ("gzip;q=0, *", false), ("gzip;q=0.5, identity", false), ("gzipped", false),
            ("gzip;q=2", false), ("gzip;q=x", false), ("gzip;level=1", false), ("gzip;q=1.001", false),
            ("GZI\u{50}", true),
            ("gz\u{49}p\u{0}", false),
        ])
    func weights(value: String, takes: Bool) {
        #expect(AcceptEncoding.takesGzip(value) == takes)
    }

    @Test("Compressed bytes are the same for the same body, and nothing is compressed to more than it was")
    func gzip() {
        let body = Array(Self.long("ann").utf8)

        #expect(Gzip.compress(body) == Gzip.compress(body))
        #expect(Gzip.compress(body).map(Gunzip.text) == Self.long("ann"))
        #expect(Gzip.compress([]) == nil && Gzip.compress([1]) == nil)
        #expect(Gzip.compress((0..<1_000).map { _ in UInt8.random(in: 0...255) }) == nil)
    }
}

/// One answer whose body may be anything.
private struct RawBytes: Sendable {
    var status: Int
    var fields: [String: String]
    var body: [UInt8]

    static func ask(_ text: String, _ port: Int) async throws -> RawBytes {
        let bytes = try await RawClient(port: port).bytes(answering: text)
        let end = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound ?? bytes.endIndex
        let head = RawAnswer.all(in: String(decoding: bytes[..<end], as: UTF8.self)).first
        return RawBytes(status: head?.status ?? 0, fields: head?.fields ?? [:], body: Array(bytes[end...]))
    }
}

/// zlib the other way.
private enum Gunzip {
    static func text(_ packed: [UInt8]) -> String? {
        var (stream, input) = (z_stream(), packed)
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
        defer { inflateEnd(&stream) }
        let body = [UInt8](unsafeUninitializedCapacity: 1 << 20) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
                (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
                count = inflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
            }
        }
        return String(decoding: body, as: UTF8.self)
    }
}

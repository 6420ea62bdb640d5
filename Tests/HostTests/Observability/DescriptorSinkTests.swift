import Glibc
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("Where log lines go")
struct DescriptorSinkTests {
    /// Of 64 bytes each, so that a pipe's page is full to the last byte.
    private func line(_ number: Int) -> String {
        let text = "line \(number) "
        return text + String(repeating: "x", count: 63 - text.utf8.count) + "\n"
    }

    @Test("What a pipe has room for is there as soon as it is written, without a thread")
    func room() throws {
        let pipe = try Pipe()
        let sink = DescriptorSink(pipe.input)

        sink.write(Array(line(1).utf8))
        #expect(!sink.isKeeping)
        #expect(pipe.read(64) == line(1))
    }

    @Test("Nobody waits for who reads nothing; later everything is read in its order, long lines too")
    func full() throws {
        let pipe = try Pipe()
        let sink = DescriptorSink(pipe.input)
        var lines = (0..<4_000).map { line($0) }
        lines[500] = String(repeating: "y", count: 20_000) + "\n"

        for line in lines { sink.write(Array(line.utf8)) }
        #expect(sink.isKeeping && sink.lostTotal == 0)

        let text = lines.joined()
        #expect(pipe.read(text.utf8.count) == text)
        sink.drain(within: .seconds(60))
        #expect(!sink.isKeeping)
    }

    @Test("The same of a socket, of which nothing is opened once more")
    func socket() throws {
        let pipe = try Pipe(isSocket: true)
        let sink = DescriptorSink(pipe.input)
        let lines = (0..<20_000).map { line($0) }

        for line in lines { sink.write(Array(line.utf8)) }
        #expect(sink.isKeeping && sink.lostTotal == 0)
        #expect(pipe.read(64 * lines.count) == lines.joined())
    }

    @Test("A file takes everything at once, behind what is in it")
    func file() throws {
        let file = try #require(tmpfile())
        defer { fclose(file) }
        let descriptor = fileno(file)
        let sink = DescriptorSink(descriptor)
        for number in 0..<10_000 { sink.write(Array(line(number).utf8)) }

        #expect(!sink.isKeeping)
        #expect(lseek(descriptor, 0, SEEK_END) == 640_000)
    }

    @Test("What waits is bounded; whole lines are lost beyond that, and counted")
    func bounded() throws {
        let pipe = try Pipe()
        let sink = DescriptorSink(pipe.input, keptMax: 6_400)
        for number in 0..<4_000 { sink.write(Array(line(number).utf8)) }

        let taken = 4_000 - sink.lostTotal
        #expect((100..<4_000).contains(taken))
        let text = pipe.read(taken * 64)
        // Which are lost depends on when the thread takes its first piece; none is torn, and their order stays.
        let numbers = text.split(separator: "\n").map { Int($0.split(separator: " ")[1]) ?? -1 }
        #expect(numbers.count == taken && numbers == numbers.sorted() && !numbers.contains(-1))
        sink.drain(within: .seconds(60))
        #expect(!sink.isKeeping)
    }

    @Test("A reader that goes takes nothing more, nobody waits for it, and what is lost is counted")
    func gone() throws {
        // NIO does so for the host.
        signal(SIGPIPE, SIG_IGN)
        let pipe = try Pipe()
        let sink = DescriptorSink(pipe.input)
        for number in 0..<4_000 { sink.write(Array(line(number).utf8)) }
        #expect(sink.isKeeping && sink.lostTotal == 0)

        pipe.closeOutput()
        sink.drain(within: .seconds(60))
        #expect(!sink.isKeeping && sink.lostTotal > 1_000)
        let before = sink.lostTotal
        sink.write(Array(line(4_000).utf8))
        #expect(sink.lostTotal == before + 1)
    }

    @Test("Lost entries are counted, and the log tells how many once it is read again")
    func losses() throws {
        let (sink, registry) = (ReluctantSink(), MetricsRegistry())
        let output = LogOutput(level: LogLevelSwitch(.info), format: .json, clock: ManualClock(), sink: sink)
        output.register(in: registry)
        let logger = HostLogger(module: "book", output: output)

        for isRead in [true, false, false, true, true] {
            sink.isRead.change { $0 = isRead }
            logger.info("seen", [:])
        }

        #expect(sink.lines.value.map { $0.contains(#""message":"seen""#) } == [true, true, false, true])
        let told = try #require(sink.lines.value.dropFirst(2).first)
        #expect(told.contains(#""level":"warning""#) && told.contains(#""entries":"2""#))
        let text = String(decoding: MetricsText(registry.snapshot()).bytes, as: UTF8.self)
        #expect(text.contains("log_entries_lost_total 2"))
    }
}

/// Takes lines while it is read.
private final class ReluctantSink: LogSink {
    let isRead = Locked(true)
    let lines = Locked<[String]>([])
    private let lost = Locked(0)
    var lostTotal: Int { lost.value }

    func write(_ line: [UInt8]) {
        guard isRead.value else { return lost.change { $0 += 1 } }
        lines.change { $0.append(String(decoding: line, as: UTF8.self)) }
    }
}

/// With both ends.
private final class Pipe {
    let input: Int32
    private var output: Int32

    init(isSocket: Bool = false) throws {
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue)
        try #require((isSocket ? socketpair(AF_UNIX, type, 0, &ends) : Glibc.pipe(&ends)) == 0)
        (output, input) = (ends[0], ends[1])
    }

    deinit {
        close(input)
        closeOutput()
    }

    func closeOutput() {
        if output >= 0 { close(output) }
        output = -1
    }

    /// Blocks until so many bytes have come.
    func read(_ count: Int) -> String {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < count {
            let got = Glibc.read(output, &piece, min(piece.count, count - bytes.count))
            guard got > 0 else { break }
            bytes += piece[..<got]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

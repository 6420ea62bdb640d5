import HTTPTypes
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("Health")
struct HealthTests {
    @Test(
        "Readiness follows storage first, then the rest",
        arguments: [
            (ModuleStatus.ok, ModuleStatus.ok, ModuleStatus.ok, "ready", 200),
            (.ok, .failed(reason: "gone"), .ok, "degraded", 200),
            (.ok, .ok, .failed(reason: "gone"), "degraded", 200),
            (.ok, .ok, .disabled, "ready", 200),
            (.degraded(reason: "slow"), .ok, .ok, "degraded", 200),
            (.failed(reason: "gone"), .ok, .ok, "unavailable", 503),
            (.starting, .ok, .ok, "unavailable", 503),
            (.stopped, .ok, .ok, "unavailable", 503),
        ]
    )
    func readiness(storage: ModuleStatus, cache: ModuleStatus, query: ModuleStatus, word: String, status: Int) {
        let report = HealthReport(
            components: [
                ComponentHealth(id: "sqlite", kind: .storage, status: storage),
                ComponentHealth(id: "memory", kind: .cache, status: cache),
                ComponentHealth(id: "positions", kind: .query, status: query),
            ], isDraining: false)

        let answer = report.ready()

        #expect(answer.text.hasPrefix(#"{"status":"\#(word)""#))
        #expect(answer.status.code == status)
    }

    @Test("The body names every part as operators know it")
    func body() {
        let report = HealthReport(
            components: [
                ComponentHealth(id: "postgres", kind: .storage, status: .ok, latency: .microseconds(1_250)),
                ComponentHealth(
                    id: "redis", kind: .cache, status: .failed(reason: "secret"), reason: "it did not start"),
                ComponentHealth(id: "guards", kind: .query, status: .failed(reason: "secret")),
            ], isDraining: false)

        #expect(
            report.ready().text
                == #"{"status":"degraded","checks":{"database":{"status":"up","latency_ms":1.25},"#
                + #""redis":{"status":"degraded","reason":"it did not start"},"#
                + #""guards":{"status":"down"}}}"#)
    }

    @Test("A draining host is unavailable whatever its parts say")
    func draining() {
        let report = HealthReport(
            components: [ComponentHealth(id: "sqlite", kind: .storage, status: .ok)], isDraining: true)

        #expect(report.ready().status == .serviceUnavailable)
        #expect(report.ready().text == #"{"status":"unavailable","checks":{"database":{"status":"draining"}}}"#)
    }

    @Test("Being alive is independent of everything else")
    func alive() {
        let answer = HealthReport.alive(at: Timestamp(seconds: 0), version: "1.0.0")

        #expect(answer.text == #"{"status":"healthy","timestamp":"1970-01-01T00:00:00Z","version":"1.0.0"}"#)
    }
}

@Suite("Logs")
struct LogTests {
    private func output(_ format: LogFormat, _ level: LogLevel = .info) -> (LogOutput, LineSink) {
        let sink = LineSink()
        return (LogOutput(level: LogLevelSwitch(level), format: format, clock: ManualClock(), sink: sink), sink)
    }

    @Test("An entry carries time, level, module, request and its data, and no secret")
    func json() {
        let (output, sink) = output(.json)
        let logger = HostLogger(module: "book", output: output)

        RequestScope.$current.withValue(RequestScope(requestID: "r-1", traceID: "t-1")) {
            logger.info(
                "snapshot stored", ["account_id": "a", "auth_token": "abc", "level": "x", "request_id": "forged"])
        }

        #expect(
            sink.lines == [
                #"{"time":"2026-01-05T10:00:00Z","level":"info","message":"snapshot stored","module":"book","#
                    + #""request_id":"r-1","trace_id":"t-1","account_id":"a","auth_token":"•••","level_":"x"}"# + "\n"
            ])
    }

    @Test(
        "What a key calls a secret is not shown, however the key is written",
        arguments: [
            ("token", true), ("Auth_TOKEN_id", true), ("X-Authorization", true), ("passwordFile", true),
            ("\u{e9}secret", true), ("toke", false), ("to_ken", false), ("pass\u{57}ord", true), ("", false),
            ("to\u{212A}en", true), ("to\u{212A}e", false),
        ]
    )
    func secrets(key: String, isHidden: Bool) {
        let (output, sink) = output(.text)

        HostLogger(module: "book", output: output).info("seen", [key: "abc"])

        #expect(sink.lines.map { $0.contains("•••") } == [isHidden])
        #expect(sink.lines.map { $0.contains("abc") } == [!isHidden])
    }

    @Test("Text cannot be broken into lines by what is logged")
    func text() {
        let (output, sink) = output(.text)

        HostLogger(module: "book", output: output).error("refused\nnow", ["name": "a\r\nb \"c\""])

        #expect(
            sink.lines == [
                "2026-01-05T10:00:00Z ERROR    refused\\u{10}now module=book name=\"a\\u{13}\\u{10}b \\\"c\\\"\"\n"
            ])
    }

    @Test("The level is the process's and can be changed while it runs")
    func levels() {
        let (output, sink) = output(.json, .warning)
        let logger = HostLogger(module: "book", output: output)

        logger.info("hidden")
        output.level.level = .debug
        logger.debug("shown")

        #expect(sink.lines.count == 1)
    }

    @Test(
        "Successful reads are logged at debug, the rest where an operator sees it",
        arguments: [
            (HTTPRequest.Method.get, 200, Duration.milliseconds(5), "debug"), (.head, 304, .zero, "debug"),
            (.get, 404, .zero, "info"), (.post, 200, .zero, "info"), (.get, 200, .seconds(1), "info"),
            (.get, 503, .zero, "warning"),
        ]
    )
    func accessLevels(method: HTTPRequest.Method, status: Int, duration: Duration, level: String) {
        let (output, sink) = output(.json, .debug)
        let log = AccessLog(logger: HostLogger(module: "http", output: output))

        log.record(
            FinishedExchange(
                method: method, route: "/x", status: .init(code: status), duration: duration, bodyBytes: 0,
                peer: "127.0.0.1", subject: "u-1", role: .user, requestID: "r-1"))

        #expect(sink.lines.count == 1 && sink.lines[0].contains(#""level":"\#(level)""#))
        #expect(sink.lines[0].contains(#""request_id":"r-1""#) && sink.lines[0].contains(#""user":"u-1""#))
    }
}

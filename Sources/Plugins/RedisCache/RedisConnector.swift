import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import PluginAPI

/// Opens connections: TCP, TLS where the URL wants it, who we are, which database, and which server that is.
struct RedisConnector: Sendable {
    /// Where to; read again for each connection, because files in it may change.
    let address: Secret
    /// From the first packet until the server knows us.
    let connectTimeout: Duration
    let eventLoops: any EventLoopGroup

    func connect(
        onMessage: (@Sendable (ArraySlice<UInt8>) -> Void)? = nil,
        onEnd: @escaping @Sendable () -> Void = {}
    ) async throws(RedisError) -> RedisConnection {
        let url = try await currentURL()
        let line: RedisLine
        do {
            let tls = try await tlsContext(url)
            line = try await open(url, tls, onMessage, onEnd)
        } catch {
            throw .unreachable(RedisConnector.reason(for: error))
        }
        do {
            return RedisConnection(line, run: try await greet(line, url))
        } catch {
            line.close(error)
            throw error
        }
    }

    private func currentURL() async throws(RedisError) -> RedisURL {
        do {
            return try await NIOThreadPool.singleton.runIfActive { [address] in try RedisURL(address.current()) }
        } catch let error as SecretUnreadable {
            throw .unreachable("its URL cannot be read: \(error.reason)")
        } catch let problem as RedisURLProblem {
            throw .unreachable("its URL \(problem.detail)")
        } catch {
            throw .unreachable("\(error)")
        }
    }

    private func open(
        _ url: RedisURL,
        _ tls: NIOSSLContext?,
        _ onMessage: (@Sendable (ArraySlice<UInt8>) -> Void)?,
        _ onEnd: @escaping @Sendable () -> Void
    ) async throws -> RedisLine {
        let hostname = url.isIPAddress ? nil : url.host
        return try await ClientBootstrap(group: eventLoops)
            .connectTimeout(TimeAmount(connectTimeout))
            .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(ChannelOptions.socketOption(.so_keepalive), value: 1)
            .connect(host: url.host, port: url.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let reader = RedisReplyReader() else { throw RedisError.unreachable("no memory") }
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: hostname)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    let inbox = RedisInbox()
                    let handler = RedisChannelHandler(
                        inbox: inbox, reader: reader, onMessage: onMessage, onEnd: onEnd)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    return RedisLine(channel: channel, inbox: inbox, handler: handler)
                }
            }
    }

    /// Reads the authorities anew each time, so that a changed file counts from the next connection on.
    private func tlsContext(_ url: RedisURL) async throws -> NIOSSLContext? {
        guard url.isTLS else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let file = url.authorityFile { configuration.trustRoots = .file(file) }
        return try await NIOThreadPool.singleton.runIfActive { [configuration] in
            try NIOSSLContext(configuration: configuration)
        }
    }

    // MARK: Greeting

    /// - Returns: The number of the server's run.
    private func greet(_ line: RedisLine, _ url: RedisURL) async throws(RedisError) -> UInt64 {
        var commands: [RedisCommand] = []
        if let password = url.password {
            commands.append(url.user.map { RedisCommand("AUTH", $0, password) } ?? RedisCommand("AUTH", password))
        }
        commands.append(RedisCommand("INFO", "server"))
        if url.database != 0 { commands.append(RedisCommand("SELECT", "\(url.database)")) }
        var replies = try await line.send(commands, within: connectTimeout)
        if url.password != nil { _ = try replies.removeFirst().checked() }
        guard let information = try replies.removeFirst().checked().bulk else {
            throw .unsupported("the server does not answer INFO as Redis does")
        }
        let run = try RedisConnector.run(of: ServerInformation(information))
        for reply in replies { _ = try reply.checked() }
        return run
    }

    private static func run(of server: ServerInformation) throws(RedisError) -> UInt64 {
        switch server["redis_mode"] {
        case "standalone": break
        case "cluster":
            throw .unsupported("the server belongs to a Redis Cluster, which Concord does not speak to")
        case "sentinel":
            throw .unsupported("the server is a Sentinel, which Concord does not ask; name the Redis server itself")
        default: throw .unsupported("the server does not say in which mode it runs; Redis 6 or later is needed")
        }
        guard let run = server["run_id"].flatMap({ UInt64($0.prefix(16), radix: 16) }) else {
            throw .unsupported("the server does not say its run_id")
        }
        return run
    }

    private static func reason(for error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason(for: $0.error) } ?? "its name cannot be resolved"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}

/// What `INFO` says, by name.
struct ServerInformation {
    private let fields: [Substring: Substring]

    init(_ text: ArraySlice<UInt8>) {
        var fields: [Substring: Substring] = [:]
        let lines: [Substring] = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline)
        for line in lines {
            if let colon = line.firstIndex(of: ":") { fields[line[..<colon]] = line[line.index(after: colon)...] }
        }
        self.fields = fields
    }

    subscript(name: String) -> Substring? { fields[name[...]] }
}

extension RedisURL {
    /// Certificates for addresses are checked against the address connected to, and TLS takes no address as a server name.
    var isIPAddress: Bool { (try? SocketAddress(ipAddress: host, port: port)) != nil }
}

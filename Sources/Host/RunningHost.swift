import ArgumentParser
import HummingbirdCore
import Logging
import NIOPosix
import PluginAPI
import ServiceLifecycle
import UnixSignals

/// A started host: two listeners, what answers on them now, and the way down.
///
/// On SIGTERM or SIGINT `/ready` turns 503 and clients are asked to leave; then nothing new is accepted, requests under way
/// finish, modules stop, each behind those that require it, and the process exits 0. What hangs is left behind.
struct RunningHost {
    let generations: HostGenerations
    let server: HostConfiguration.Listener
    let admin: HostConfiguration.Listener
    let greeting: Greeting?

    /// From the signal to the exit.
    private static let shutdownMax: Duration = .seconds(9)
    /// For the modules, however long requests have taken.
    private static let modulesMin: Duration = .seconds(1)
    /// For clients and load balancers to notice before nothing is accepted any more.
    private static let noticeMin: Duration = .milliseconds(150)
    private static let noticeMax: Duration = .seconds(1)

    /// - Parameters:
    ///   - assembly: Opened; the first configuration in use.
    ///   - load: Reads the configuration again.
    init(
        _ assembly: HostAssembly,
        greeting: Greeting?,
        load: @escaping @Sendable () -> ConfigurationReport
    ) {
        generations = HostGenerations(first: assembly, load: load)
        (server, admin) = (assembly.configuration.server, assembly.configuration.admin)
        self.greeting = greeting
    }

    func run() async throws {
        let logger = generations.foundation.logger("host")
        let clients = frontend("clients", server, generations.clients) { port in
            greeting?.clients(host: server.host, port: port)
            StartupPages.giveBack()
        }
        let operators = frontend("operators", admin, generations.operators) { port in
            greeting?.operators(host: admin.host, port: port)
        }
        let group = ServiceGroup(configuration: Self.group([clients, operators], logger: logger.logging))
        // Trapped before anybody is told that the host serves: a signal from then on is a drain, not a death.
        let signals = await UnixSignalsSequence(trapping: [.sigterm, .sigint, .sighup])

        // Cancelled and awaited below.
        let running = Task { [generations] in await generations.run() }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await heed(signals, clients, group, logger) }
            do {
                // Returns when both listeners have gone down, throws when one could not come up.
                try await group.run()
            } catch {
                Console.diagnostic("concord: cannot listen: \(error)")
                running.cancel()
                await generations.close().shutDown()
                throw ExitStatus.failed
            }
            tasks.cancelAll()
        }
        running.cancel()
        await shutDown(running)
    }

    /// Takes the modules down in what is left of the time: those of replaced configurations first, then those in use.
    private func shutDown(_ running: Task<Void, Never>) async {
        let deadline = max(
            (generations.foundation.shutdown.beganAt ?? .now) + Self.shutdownMax, .now + Self.modulesMin)
        try? await withDeadline((deadline - .now) / 3) { await running.value }
        try? await withDeadline(deadline - .now) { [generations] in
            await generations.close().shutDown(by: deadline)
        }
    }

    private func frontend(
        _ name: String,
        _ address: HostConfiguration.Listener,
        _ serving: ServingSwitch,
        onListening: @escaping @Sendable (Int) -> Void
    ) -> HTTPFrontend {
        let foundation = generations.foundation
        return HTTPFrontend(
            name: name, host: address.host, port: address.port, serving: serving,
            clock: foundation.clock, eventLoops: MultiThreadedEventLoopGroup.singleton,
            logger: foundation.logger("http").logging, onListening: onListening)
    }

    private static func group(_ services: [HTTPFrontend], logger: Logging.Logger) -> ServiceGroupConfiguration {
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                // A listener that ends by itself is a failure of the host, not the end of a job well done.
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup)
            },
            logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(6)
        return configuration
    }

    /// SIGHUP reads the configuration again; any other signal is the way down.
    private func heed(
        _ signals: UnixSignalsSequence,
        _ clients: HTTPFrontend,
        _ group: ServiceGroup,
        _ logger: HostLogger
    ) async {
        // A file that is read after the last of several signals is what all of them are about.
        let (hangups, hangup) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let foundation = generations.foundation
        await withTaskGroup { reloads in
            reloads.addTask { for await _ in hangups { await foundation.reloading.reload(reason: "SIGHUP") } }
            for await signal in signals {
                if signal == .sighup {
                    hangup.yield()
                    continue
                }
                logger.log(.notice, "draining", ["signal": "\(signal)"])
                foundation.shutdown.begin()
                reloads.cancelAll()
                clients.drain()
                await waitForClients(clients)
                await group.triggerGracefulShutdown()
                return
            }
        }
    }

    private func waitForClients(_ clients: HTTPFrontend) async {
        let begin = ContinuousClock.now
        while .now - begin < Self.noticeMax {
            try? await Task.sleep(for: .milliseconds(20))
            if clients.openConnections == 0, .now - begin >= Self.noticeMin { return }
        }
    }
}

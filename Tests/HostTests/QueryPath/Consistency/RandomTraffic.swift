import Crypto
import HTTPTypes
import NIOPosix
import PluginAPI
import PluginTesting

@testable import Host

/// Reads by owners, agents and operators, writes, expiry, eviction and administration, from many tasks at once.
///
/// Each task draws what it does from the seed. Every answer is held against a ledger: what was acknowledged before the
/// request began must be in it.
struct RandomTraffic: Sendable {
    let seed: UInt64
    let hosts: [QueryPathHarness]
    let ledger: Ledger
    /// Makes sure that a host has heard of what others have written; `false` when that cannot be said now.
    var hear: @Sendable (_ host: Int) async -> Bool = { _ in false }
    /// Breaks something between the hosts.
    var disturb: @Sendable (_ host: Int) -> Void = { _ in }
    private let faults = Locked<[String]>([])
    private let counts = Locked<[String: Int]>([:])

    static let usersTotal = 8
    /// Two of each user.
    static let accounts = (0..<2 * usersTotal).map { "a\($0)" }
    /// Each account has figures and notes; notes are read under a tag that only the answer names.
    static let itemsTotal = 2 * accounts.count
    private static let agent = Caller.agentOfAll

    init(seed: UInt64, ledger: Ledger, hosts: [QueryPathHarness]) {
        self.seed = seed
        self.ledger = ledger
        self.hosts = hosts
    }

    /// Runs so many operations and returns what was wrong with their answers, and how often what was done.
    func run(operationsTotal: Int, tasksTotal: Int = 16) async -> (faults: [String], counts: [String: Int]) {
        // Threads of their own: other tests that run meanwhile do not wait behind every step.
        let threads = OwnThreads(count: 4)
        await withTaskGroup { group in
            for task in 0..<tasksTotal {
                group.addTask(executorPreference: threads) {
                    var client = Client(traffic: self, random: SplitMix(seed: seed &+ UInt64(task) &* 0x5851_F42D))
                    for _ in 0..<operationsTotal / tasksTotal { await client.step() }
                    counts.change { $0.merge(client.counts) { $0 + $1 } }
                }
            }
        }
        await threads.end()
        return (faults.value, counts.value)
    }

    // MARK: One client

    private struct Client {
        let traffic: RandomTraffic
        var random: SplitMix
        var counts: [String: Int] = [:]

        mutating func step() async {
            let host = Int.random(in: 0..<traffic.hosts.count, using: &random)
            switch Int.random(in: 0..<1_000, using: &random) {
            case ..<80: await write(on: host, to: "write", from: 0)
            case ..<120: await write(on: host, to: "note", from: RandomTraffic.accounts.count)
            case ..<150: await scheduledWrite(on: host)
            case ..<180: expire()
            case ..<200: await administer(host)
            case ..<203: traffic.disturb(host)
            case ..<240: await hear(on: host)
            default: await read(on: host)
            }
        }

        private mutating func count(_ what: String) { counts[what, default: 0] += 1 }

        private mutating func account() -> Int { Int.random(in: 0..<RandomTraffic.accounts.count, using: &random) }

        private mutating func read(on host: Int) async {
            let account = account()
            let isOfUser = Int.random(in: 0..<4, using: &random) == 0
            let owner = Caller(subject: RandomTraffic.owner(of: account), role: .user)
            let caller = isOfUser ? owner : [owner, RandomTraffic.agent, .root].randomElement(using: &random) ?? owner
            let (name, first) = Bool.random(using: &random) ? ("figures", 0) : ("notes", RandomTraffic.accounts.count)
            let query =
                (isOfUser ? "" : "account_id=a\(account)&") + "limit=\(Int.random(in: 1...20, using: &random))"
            let requestID = "r-\(UInt16.random(in: 0..<10_000, using: &random))"

            let floor = traffic.ledger.floor(on: host)
            let (status, text, way) = await traffic.ask(host, name, query, caller, requestID)
            count(way)
            let numbers = isOfUser ? [account & ~1, account | 1] : [account]
            check(text, of: owner.subject, numbers, floor, first, "\(status) \(name)?\(query) on \(host), \(way)")
        }

        private func check(
            _ text: String,
            of owner: String,
            _ accounts: [Int],
            _ floor: [Int],
            _ first: Int,
            _ what: @autoclosure () -> String
        ) {
            let words = text.split(separator: " ")
            guard words.count == accounts.count + 1, words.first.map(String.init) == owner else {
                return traffic.fault("\(what()): \(text)")
            }
            for (account, word) in zip(accounts.sorted { "a\($0)" < "a\($1)" }, words.dropFirst()) {
                let parts = word.split(separator: "=").compactMap { Int($0) }
                guard parts.count == 2, parts[0] == account, parts[1] >= floor[first + account] else {
                    return traffic.fault("\(what()): \(text), a\(account) was \(floor[first + account]) before")
                }
            }
        }

        private mutating func write(on host: Int, to operation: String, from first: Int) async {
            let account = account()
            count(operation)
            let text = await traffic.command(host, operation, "a\(account)")
            guard let version = Int(text) else { return traffic.fault("\(operation) of a\(account): \(text)") }
            traffic.ledger.acknowledge(version, of: first + account, on: host)
        }

        /// What a module writes by itself and announces.
        private mutating func scheduledWrite(on host: Int) async {
            let account = account()
            count("scheduled write")
            let version = traffic.ledger.write(account)
            await traffic.hosts[host].invalidations.invalidate([
                .account("a\(account)"), .user(RandomTraffic.owner(of: account)),
            ])
            traffic.ledger.acknowledge(version, of: account, on: host)
        }

        private mutating func expire() {
            count("expiry")
            let time = Duration.milliseconds(Int.random(in: 1...1_500, using: &random))
            traffic.hosts[0].clock.advance(by: time)
        }

        private mutating func administer(_ host: Int) async {
            let path = traffic.hosts[host].path
            count("administration")
            switch Int.random(in: 0..<8, using: &random) {
            case 0: await traffic.hosts[host].invalidations.invalidate([.everything])
            case 1: try? await path.cache?.clear()
            case 2: await traffic.hosts[host].invalidations.invalidate([.module("fake")])
            default:
                for key in path.cache?.keys(matching: "*:a:a\(account()):*", limit: 5) ?? [] { path.cache?.remove(key) }
            }
        }

        private mutating func hear(on host: Int) async {
            let known = traffic.ledger.acknowledged
            guard await traffic.hear(host) else { return }
            count("hearing")
            traffic.ledger.hear(known, on: host)
        }
    }

    private func fault(_ text: String) { faults.change { $0.append(text) } }

    // MARK: Requests

    /// As a connection asks: what is at hand, otherwise the usual way.
    private func ask(
        _ host: Int,
        _ name: String,
        _ query: String,
        _ caller: Caller,
        _ requestID: String
    ) async -> (status: Int, text: String, way: String) {
        let path = hosts[host].path
        guard let target = path.operations.first(where: { $0.operation.name == name }) else { return (0, "", "") }
        let token = TokenDigest(SHA256.hash(data: Array("\(caller.subject) \(caller.role)".utf8)))
        let key = PreparedQuery.Key(token: token, target: "\(target.template)?\(query)")
        let now = hosts[host].clock.now
        let incoming = IncomingRequest(
            method: .get, path: target.template, query: query, headers: [:], peer: "127.0.0.1", requestID: requestID,
            receivedAt: now, token: token)
        let prepared = path.preparedQuery(for: key, caller: caller)
        let answer: OutgoingAnswer
        let prefix: String
        switch prepared.map({ ($0, path.state(of: $0, for: key, at: now)) }) {
        case (_, .fresh(let entry))?: return (entry.status, String(decoding: entry.body, as: UTF8.self), "at hand")
        case (let query, .missing(let missing))?:
            let outcome = await withCheckedContinuation { continuation in
                _ = path.build(missing, path.arrival(of: incoming, at: target)) { continuation.resume(returning: $0) }
            }
            answer = await path.answer(outcome, of: query, to: incoming)
            prefix = "prepared, "
        case (_, .fallen)?, nil:
            answer = await path.answer(target, to: incoming, pathParameters: [:], caller: caller)
            prefix = ""
        }
        let way = answer.header("Cache-Status").map { $0.prefix { $0 != "=" } }.map(String.init)
        return (answer.status.code, answer.text, prefix + (way ?? "none"))
    }

    private func command(_ host: Int, _ name: String, _ account: String) async -> String {
        let path = hosts[host].path
        guard let target = path.operations.first(where: { $0.operation.name == name }) else { return "" }
        let incoming = IncomingRequest(
            method: .post, path: target.template, query: nil, headers: [:], peer: "127.0.0.1", requestID: "w",
            receivedAt: hosts[host].clock.now)
        return await path.answer(
            target, to: incoming, pathParameters: ["account": account], caller: RandomTraffic.agent
        ).text
    }
}

/// Threads for the tasks of one test.
private final class OwnThreads: TaskExecutor {
    private let pool: NIOThreadPool

    init(count: Int) {
        pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    func end() async { try? await pool.shutdownGracefully() }
}

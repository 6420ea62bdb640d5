import ArgumentParser
import PluginAPI
import TradingBook

/// Opens the storage for a command about partitions.
struct PartitionSession {
    /// A table and the partitions it had when the command began.
    struct Table: Sendable {
        let table: PartitionedTable
        let partitions: MonthlyPartitions
        let found: [Partition]

        var rows: [PartitionReport.Row] { found.map { .init(table: table.name, partition: $0) } }
    }

    private let options: CommonOptions

    init(_ options: CommonOptions) {
        self.options = options
    }

    /// Runs `work` with every partitioned table, closes what was opened, and says what went wrong.
    func run(_ work: ([Table], _ now: Timestamp) async throws -> Void) async throws {
        let assembly = try HostAssembly.orExit(options.load())
        guard let storage = assembly.modules.storage.module as? any StorageBackend, storage.dialect == .postgres else {
            Console.diagnostic(
                "concord: storage.use is \(assembly.modules.storage.id), which keeps its tables whole; partitions are for "
                    + "PostgreSQL")
            throw ExitStatus.badInput
        }
        assembly.log.level.level = .warning
        try await Startup(assembly: assembly).openStorage()
        do {
            try await work(try await tables(of: assembly, in: storage), assembly.clock.now)
        } catch {
            await storage.stop()
            if error is ExitCode { throw error }
            Console.diagnostic("concord: \(error)")
            throw ExitStatus.failed
        }
        await storage.stop()
    }

    private func tables(of assembly: HostAssembly, in storage: any StorageBackend) async throws -> [Table] {
        var tables: [Table] = []
        for table in assembly.modules.services.compactMap({ $0.module as? BookModule }).flatMap(\.partitionedTables) {
            let partitions = MonthlyPartitions(of: table, in: storage)
            let found = try await partitions.list()
            guard !found.isEmpty else {
                Console.diagnostic("concord: \(table.name) is not there in partitions yet; run: concord migrate up")
                throw ExitStatus.notReady
            }
            tables.append(Table(table: table, partitions: partitions, found: found))
        }
        return tables
    }
}

/// Which partitions `drop` was told to take.
struct PartitionChoice: Sendable {
    let names: [String]
    let isForced: Bool
    let now: Timestamp

    func takes(_ partition: Partition, of table: PartitionedTable) -> Bool {
        if names.isEmpty { return partition.isWhollyBefore(table.keptSince(at: now)) }
        guard names.contains(where: { $0.utf8.elementsEqual(partition.name.utf8) }) else { return false }
        return isForced || partition.isWhollyBefore(table.keptSince(at: now))
    }

    /// - Throws: Bad input, after a sentence about each name that cannot be dropped; nothing is dropped then.
    func check(against tables: [PartitionSession.Table]) throws {
        let complaints = names.compactMap { complaint(about: $0, tables) }
        for complaint in complaints { Console.diagnostic("concord: \(complaint)") }
        if !complaints.isEmpty { throw ExitStatus.badInput }
    }

    private func complaint(about name: String, _ tables: [PartitionSession.Table]) -> String? {
        for each in tables {
            guard let partition = each.found.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else { continue }
            if partition.isDefault { return "\(name) takes what no other partition takes, and stays" }
            if takes(partition, of: each.table) { return nil }
            guard let since = each.table.keptSince(at: now) else {
                return "\(name) has rows that the retention keeps for ever; --force drops them all the same"
            }
            return
                "\(name) takes rows until \(partition.to.map { "\($0)" } ?? "for ever") and the retention keeps those "
                + "since \(since); --force drops them all the same"
        }
        return "there is no partition \(name); concord partitions list shows those there are"
    }
}

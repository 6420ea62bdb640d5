import ArgumentParser
import PluginAPI
import TradingBook

/// `concord partitions`: the months PostgreSQL keeps a table in. Works beside serving hosts.
struct PartitionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "partitions", abstract: "List, make or drop the monthly partitions of a PostgreSQL database.",
        subcommands: [List.self, Create.self, Drop.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every partition, the moments it takes, about how many rows it has, and its size.")

        @OptionGroup var options: CommonOptions

        @Option(help: "text, or json.")
        var format = ConfigurationCheck.Format.text

        func run() async throws {
            try await PartitionSession(options).run { tables, _ in
                Console.data(PartitionReport(rows: tables.flatMap(\.rows)).output(format, "partitions"))
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the partitions of this month and those to come, and of rows in the default partition.")

        @OptionGroup var options: CommonOptions

        @Option(help: "How many months besides the current one, 0 to 120.")
        var months = MonthlyPartitions.monthsAhead

        @Option(help: "text, or json.")
        var format = ConfigurationCheck.Format.text

        func run() async throws {
            guard (0...120).contains(months) else { throw ValidationError("--months is 0 to 120") }
            try await PartitionSession(options).run { tables, now in
                var rows: [PartitionReport.Row] = []
                for each in tables {
                    let made = try await each.partitions.create(at: now, monthsAhead: months)
                    let there = try await each.partitions.list()
                    rows += there.filter { made.contains($0.name) }.map { .init(table: each.table.name, partition: $0) }
                }
                if rows.isEmpty { Console.diagnostic("nothing is missing") }
                PartitionReport(rows: rows).print(format, "created")
            }
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drop partitions whose rows are all past the retention, with these rows.")

        @OptionGroup var options: CommonOptions

        @Argument(help: "Which ones; without names, all that are past the retention.")
        var names: [String] = []

        @Flag(help: "Drop the ones named even if rows in them are within the retention.")
        var force = false

        @Option(help: "text, or json.")
        var format = ConfigurationCheck.Format.text

        func run() async throws {
            guard !force || !names.isEmpty else { throw ValidationError("--force needs the partitions' names") }
            try await PartitionSession(options).run { tables, now in
                let choice = PartitionChoice(names: names, isForced: force, now: now)
                try choice.check(against: tables)
                var rows: [PartitionReport.Row] = []
                for each in tables {
                    let dropped = try await each.partitions.drop { choice.takes($0, of: each.table) }
                    rows += dropped.map { .init(table: each.table.name, partition: $0) }
                }
                if rows.isEmpty { Console.diagnostic("no partition is past the retention") }
                PartitionReport(rows: rows).print(format, "dropped")
            }
        }
    }
}

public import PluginAPI

/// A module that takes part in what the book does: at each ingest, in the hourly retention, with tables in partitions.
///
/// The book asks for all three when the host names those that require it, so they are made of what `init` has kept.
public protocol BookExtension: Module {
    /// Run inside each ingest's transaction, behind those of the modules before this one.
    var ingestStages: [any IngestStage] { get }

    /// What is removed of the module's tables when it is past its keeping.
    var sweeps: [Sweep] { get }

    /// The module's tables whose partitions the book's hourly job looks after.
    var partitionedTables: [PartitionedTable] { get }
}

extension BookExtension {
    public var ingestStages: [any IngestStage] { [] }
    public var sweeps: [Sweep] { [] }
    public var partitionedTables: [PartitionedTable] { [] }
}

/// What the book's dependents have brought with them, replaced as a whole.
struct BookExtensions: Sendable {
    var stages: [any IngestStage] = []
    var sweeps: [Sweep] = []
    var tables: [PartitionedTable] = []

    init(stages: [any IngestStage] = []) {
        self.stages = stages
    }

    init(_ modules: [any BookExtension]) {
        stages = modules.flatMap(\.ingestStages)
        sweeps = modules.flatMap(\.sweeps)
        tables = modules.flatMap(\.partitionedTables)
    }
}

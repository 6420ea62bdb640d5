import ArgumentParser

/// What a command's end means to a script. Bad usage is 64, as the argument parser has it.
enum ExitStatus {
    static let failed = ExitCode(1)
    /// Bad configuration or input; nothing was stored.
    static let badInput = ExitCode(2)
    /// The host, or the schema, is not ready.
    static let notReady = ExitCode(3)
}

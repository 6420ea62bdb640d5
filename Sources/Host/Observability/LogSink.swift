/// Where finished log lines go.
protocol LogSink: Sendable {
    /// Never waits for whoever reads them.
    ///
    /// - Parameter line: One entry with its line feed.
    func write(_ line: [UInt8])

    /// Lines that were not written, or not in full: nobody read fast enough, or the place takes nothing.
    var lostTotal: Int { get }
}

/// A module with work that time alone causes: a grace that runs out, a countdown that ends, rows past their keeping.
///
/// While it serves, the host calls ``runDue(at:deadline:)`` again and again, never twice at once. Other hosts on the same storage do
/// the same at the same time, so the work claims its rows in the transaction that carries it out, and finds nothing to do
/// when another host was first.
public protocol ScheduledModule: Module {
    /// How long the host waits between two calls. The first comes within a second of its start, or of the module's.
    var scheduleInterval: Duration { get }

    /// Does what is due.
    ///
    /// What it changes it announces itself, through ``ModuleContext/invalidator``, after each transaction: a call that
    /// fails half-way has then announced what it had stored.
    ///
    /// - Parameters:
    ///   - now: The host's clock.
    ///   - deadline: When the host stops waiting; what the call writes later is not wrong, only late.
    func runDue(at now: Timestamp, deadline: ContinuousClock.Instant) async throws
}

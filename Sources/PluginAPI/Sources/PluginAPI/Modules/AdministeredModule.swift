/// A module with operations for those who run the platform, answered on the admin listener.
///
/// The host does for them what it does for a query service's: routing, authentication, validation, announcing what a
/// command has changed, counting. It lets operators in and nobody else, whatever the operation says.
public protocol AdministeredModule: Module {
    /// Their paths lie below `/admin`; their names differ from those of the module's other operations.
    var adminOperations: [Operation] { get }
}

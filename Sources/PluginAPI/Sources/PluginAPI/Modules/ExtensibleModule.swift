/// A module that works together with those that require it, as a book does with what is done at each of its writes.
///
/// The host tells it who they are before it starts, and again at the moment a changed configuration takes over: it then goes
/// on with other modules than before. That is why nothing is attached in an `init`: a configuration that turns out to be
/// broken has built its modules too.
public protocol ExtensibleModule: Module {
    /// From now on works with these, and with none that were named before.
    ///
    /// - Parameter dependents: The loaded modules that require this one, in the configuration's order.
    func extend(with dependents: [any Module])
}

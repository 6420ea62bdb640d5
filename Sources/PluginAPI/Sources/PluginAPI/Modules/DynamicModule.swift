/// What a dynamic module's library hands to the host: its type.
///
/// The library exports it, and what it was built with, as two C functions:
///
/// ```swift
/// @c(concord_plugin) public func plugin() -> concord_plugin_build { concord_plugin_build_here() }
/// @c(concord_module) public func module() -> UnsafeMutableRawPointer { DynamicModule(TurnoverModule.self).retained() }
/// ```
public final class DynamicModule: Sendable {
    /// The module.
    public let type: any QueryService.Type

    /// A box for the library's module.
    public init(_ type: any QueryService.Type) {
        self.type = type
    }

    /// The form in which it crosses from the library to the host, which takes it over by ``taking(_:)``.
    public func retained() -> UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

    /// Takes over what ``retained()`` has made, once.
    public static func taking(_ pointer: UnsafeMutableRawPointer) -> DynamicModule {
        Unmanaged<DynamicModule>.fromOpaque(pointer).takeRetainedValue()
    }
}

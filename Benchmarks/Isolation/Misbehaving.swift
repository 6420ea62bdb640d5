// A query service that does what BEHAVIOUR says, for `scripts/bench isolation`. Each behaviour is compiled into a library of its
// own and loaded by the host as a dynamic module; none of them is part of the product.
import CPluginABI
import PluginAPI

public struct Misbehaving: QueryService {
    public static let descriptor = ModuleDescriptor(
        id: "BEHAVIOUR", summary: "Misbehaves", requires: ["book"], stability: .experimental)

    public init(configuration: ModuleConfiguration, context: ModuleContext) {}

    public var operations: [Operation] {
        [
            .query("ask", at: "/BEHAVIOUR", scope: .caller, ttl: .zero, reply: .anyObject) {
                (_: Request) async throws -> Reply in
                try await Self.behave("BEHAVIOUR")
            }
        ]
    }

    private static func behave(_ behaviour: String) async throws -> Reply {
        switch behaviour {
        case "throws": throw Failure()
        // For ever, and deaf to being cancelled.
        case "hangs": await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
        case "returns_1_gb": return Reply(body: [UInt8](repeating: 0x20, count: 1 << 30))
        // Computes for longer than its deadline, and never suspends.
        case "spins": spin(until: .now + .seconds(4))
        case "is_flooded": try await Task.sleep(for: .milliseconds(8))
        default: break
        }
        return Reply(body: Array("{}".utf8))
    }

    private static func spin(until end: ContinuousClock.Instant) {
        var texts: [String] = []
        while ContinuousClock.now < end { texts = (0..<1_000).map { "a text that takes memory of its own: \($0)" } }
        precondition(!texts.isEmpty)
    }
}

struct Failure: Error {}

@c(concord_plugin) public func plugin() -> concord_plugin_build { concord_plugin_build_here() }
@c(concord_module) public func module() -> UnsafeMutableRawPointer { DynamicModule(Misbehaving.self).retained() }

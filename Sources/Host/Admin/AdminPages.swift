import HTTPTypes
import PluginAPI

/// The host's own routes on the admin listener; all of them read. Modules declare further ones.
struct AdminPages: Sendable {
    private let source: any AdminSource

    init(source: any AdminSource) {
        self.source = source
    }

    /// Every path with its endpoint; all of them are read with GET.
    var endpoints: [(path: String, endpoint: Endpoint)] {
        [
            ("/admin/modules", Endpoint { _ in .json(Self.list(await source.modules())) }),
            ("/admin/modules/{id}", Endpoint { await module($0) }),
            ("/admin/config", Endpoint { _ in .json(configuration()) }),
            ("/admin/cache", Endpoint { _ in .json(Self.cache(await source.cache())) }),
        ]
    }

    private func module(_ call: EndpointCall) async -> OutgoingAnswer {
        let id = call.pathParameters["id"] ?? ""
        guard let module = await source.modules().first(where: { $0.descriptor.id.utf8.elementsEqual(id.utf8) }) else {
            return ProblemAnswer.make(.notFound("There is no module of this ID."), requestID: call.request.requestID)
        }
        var json = JSONWriter()
        Self.write(module, &json)
        return .json(json.bytes)
    }

    private func configuration() -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("generation", source.configurationGeneration)
            json.key("configuration")
            source.writeConfiguration(&json)
        }
        return json.bytes
    }

    private static func list(_ modules: [AdminModule]) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.arrayField("modules", of: modules) { json, module in write(module, &json) }
        }
        return json.bytes
    }

    private static func write(_ module: AdminModule, _ json: inout JSONWriter) {
        json.object { json in module.write(to: &json) }
    }

    private static func cache(_ cache: AdminCache?) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("module", cache?.module)
            json.field("entries", cache?.statistics.entries ?? 0)
            json.field("bytes", cache?.statistics.bytes ?? 0)
            json.field("bytes_max", cache?.statistics.bytesMax.map(Int64.init))
            json.field("evictions", cache?.statistics.evictions ?? 0)
            json.field("invalidations", cache?.statistics.invalidations ?? 0)
        }
        return json.bytes
    }
}

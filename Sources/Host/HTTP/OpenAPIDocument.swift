import PluginAPI

/// The description of the whole HTTP API (OpenAPI 3.1), made from the declarations that the host serves by.
enum OpenAPIDocument {
    /// - Parameters:
    ///   - services: All that are loaded, serving or not.
    ///   - version: Concord's.
    /// - Returns: JSON, equal for equal declarations.
    static func make(services: [LoadedService], version: String) -> [UInt8] {
        var json = JSONWriter(reservingCapacity: 65_536)
        json.object { json in
            json.field("openapi", "3.1.0")
            json.objectField("info") { json in
                json.field("title", "Concord")
                json.field("version", version)
                json.field("summary", "What a trading bot believes against what its broker says")
                json.objectField("license") { json in
                    json.field("name", "Apache 2.0")
                    json.field("identifier", "Apache-2.0")
                }
            }
            json.arrayField("servers", of: ["/"]) { json, url in json.object { $0.field("url", url) } }
            json.arrayField("security", of: ["bearer"]) { json, scheme in
                json.object { $0.arrayField(scheme, of: [String]()) { $0.string($1) } }
            }
            writeTags(services, to: &json)
            writePaths(services, to: &json)
            json.key("components")
            OpenAPIComponents.write(to: &json)
        }
        return json.bytes
    }

    private static func writeTags(_ services: [LoadedService], to json: inout JSONWriter) {
        let tags = services.map { (name: $0.id, summary: type(of: $0.service).descriptor.summary) }
        let host = [(name: OpenAPIHostRoutes.tag, summary: "The host itself: health, metrics, this description")]
        json.arrayField("tags", of: tags + host) { json, tag in
            json.object { json in
                json.field("name", tag.name)
                json.field("description", tag.summary)
            }
        }
    }

    private static func writePaths(_ services: [LoadedService], to json: inout JSONWriter) {
        var paths: [String: [OpenAPIOperation]] = [:]
        for service in services {
            for operation in service.service.operations {
                let entry = OpenAPIOperation(module: service.id, operation: operation)
                paths[BoundOperation.Audience.clients.prefix + operation.path, default: []].append(entry)
            }
        }
        json.objectField("paths") { json in
            OpenAPIHostRoutes.write(to: &json)
            for (path, operations) in paths.sorted(by: { $0.key < $1.key }) {
                json.objectField(path) { json in
                    for operation in operations.sorted(by: { $0.method < $1.method }) { operation.write(to: &json) }
                }
            }
        }
    }
}

import PluginAPI

/// One operation as it stands below its path.
struct OpenAPIOperation {
    var module: String
    var operation: Operation

    var method: String { operation.method.rawValue.lowercased() }
    private var isQuery: Bool { operation.method == .get }
    private var isCached: Bool { isQuery && operation.ttl != .zero }

    func write(to json: inout JSONWriter) {
        json.objectField(method) { json in
            json.field("operationId", "\(module).\(operation.name)")
            json.arrayField("tags", of: [module]) { $0.string($1) }
            if !operation.summary.isEmpty { json.field("summary", operation.summary) }
            json.field("description", roles)
            writeParameters(to: &json)
            writeBody(to: &json)
            json.objectField("responses") { json in
                writeSuccess(to: &json)
                for refusal in OpenAPIComponents.refusals where has(refusal) {
                    json.objectField(String(refusal.status)) { json in
                        json.field("$ref", "#/components/responses/\(refusal.name)")
                    }
                }
            }
        }
    }

    private var roles: String {
        let roles = operation.scope == .platform ? [Role.operator] : operation.roles.sorted()
        return "Takes a token with the role \(roles.map(\.rawValue).joined(separator: " or "))."
    }

    private func writeParameters(to json: inout JSONWriter) {
        let reader = ParameterReader(operation, pathNames: DeclarationCheck(operation).pathNames)
        json.key("parameters")
        json.array { json in
            for parameter in reader.pathParameters {
                OpenAPIParameter(parameter: parameter, place: .path).write(to: &json)
            }
            for parameter in reader.queryParameters {
                OpenAPIParameter(parameter: parameter, place: .query).write(to: &json)
            }
            guard !isQuery else { return }
            json.object { json in
                json.field("name", "Idempotency-Key")
                json.field("in", "header")
                json.field("required", false)
                json.field("description", "Repeats with the same key and body get the first answer again")
                json.key("schema")
                json.raw(#"{"type":"string","minLength":1,"maxLength":255,"pattern":"^[!-~]+$"}"#.utf8)
            }
        }
    }

    private func writeBody(to json: inout JSONWriter) {
        guard let body = operation.body else { return }
        json.objectField("requestBody") { json in
            json.field("required", true)
            json.objectField("content") { json in
                for type in body.contentTypes {
                    json.objectField(type) { json in
                        json.key("schema")
                        if type == "application/json" {
                            OpenAPISchema(body.schema, side: .request).write(to: &json)
                        } else {
                            json.raw(#"{"type":"string"}"#.utf8)
                        }
                    }
                }
            }
        }
    }

    private func writeSuccess(to json: inout JSONWriter) {
        json.objectField("200") { json in
            json.field("description", isQuery ? "The answer" : "The object as it now stands, or what was done")
            if isCached {
                json.key("headers")
                OpenAPIComponents.writeCacheHeaders(to: &json)
            }
            json.objectField("content") { json in
                json.objectField("application/json") { json in
                    json.key("schema")
                    OpenAPISchema(operation.reply, side: .reply).write(to: &json)
                }
            }
        }
        if isQuery {
            json.objectField("304") {
                $0.field("description", "The entity tag in If-None-Match still names the answer")
            }
        }
    }

    private func has(_ refusal: OpenAPIComponents.Refusal) -> Bool {
        switch refusal.status {
        case 409: !isQuery
        case 413, 415: operation.body != nil
        // 422 is of a body, or of an answer that would be too large.
        default: true
        }
    }
}

import PluginAPI

/// A declared shape as a JSON Schema.
struct OpenAPISchema {
    /// Clients may send decimals as strings and must not send unknown members; what they get is exact and may grow.
    enum Side {
        case request, reply
    }

    private let schema: Schema
    private let side: Side

    init(_ schema: Schema, side: Side) {
        self.schema = schema
        self.side = side
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            switch schema {
            case .text: json.field("type", "string")
            case .integer: json.field("type", "integer")
            case .decimal: writeDecimal(to: &json)
            case .boolean: json.field("type", "boolean")
            case .timestamp:
                json.field("type", "string")
                json.field("format", "date-time")
            case .choice(let choices):
                json.field("type", "string")
                json.arrayField("enum", of: choices) { $0.string($1) }
            case .optional(let schema): writeOptional(schema, to: &json)
            case .array(let element):
                json.field("type", "array")
                json.key("items")
                OpenAPISchema(element, side: side).write(to: &json)
            case .object(let fields): write(fields, to: &json)
            case .anyObject: json.field("type", "object")
            @unknown default: return
            }
        }
    }

    private func writeDecimal(to json: inout JSONWriter) {
        switch side {
        case .reply: json.field("type", "number")
        case .request: json.arrayField("type", of: ["number", "string"]) { $0.string($1) }
        }
    }

    private func writeOptional(_ schema: Schema, to json: inout JSONWriter) {
        json.key("anyOf")
        json.array { json in
            OpenAPISchema(schema, side: side).write(to: &json)
            json.object { $0.field("type", "null") }
        }
    }

    private func write(_ fields: Schema.Fields, to json: inout JSONWriter) {
        json.field("type", "object")
        json.objectField("properties") { json in
            for member in fields.members {
                json.key(member.name)
                OpenAPISchema(member.schema, side: side).write(to: &json)
            }
        }
        let required = fields.members.map(\.name).filter { !fields.absentable.contains($0) }
        json.arrayField("required", of: required) { $0.string($1) }
        if side == .request { json.field("additionalProperties", false) }
    }
}

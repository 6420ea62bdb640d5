import PluginAPI

/// The configuration as JSON Schema (2020-12), for editors: `concord config schema`.
struct ConfigurationSchema {
    private var json = JSONWriter()

    static func text(_ specification: HostSpec) -> String {
        var schema = ConfigurationSchema()
        schema.json.object { json in
            json.field("$schema", "https://json-schema.org/draft/2020-12/schema")
            json.field("title", "Concord configuration")
            ConfigurationSchema.section(specification.keys, to: &json)
            json.objectField("$defs") { json in
                json.objectField("expanded") { json in
                    json.field("description", "A value that comes through a variable or a file.")
                    json.field("type", "string")
                    json.field("pattern", "\\$\\{(env|file):")
                }
            }
        }
        return schema.json.text + "\n"
    }

    private static func section(_ keys: [ConfigurationKey], to json: inout JSONWriter) {
        json.field("type", "object")
        json.field("additionalProperties", false)
        json.objectField("properties") { json in
            for key in keys {
                json.objectField(key.name) { json in
                    json.field("description", key.summary)
                    preset(key, to: &json)
                    kind(key.kind, to: &json)
                }
            }
        }
    }

    private static func preset(_ key: ConfigurationKey, to json: inout JSONWriter) {
        guard let text = key.defaultText, key.kind.isScalar, !key.isSecret else { return }
        switch key.kind {
        case .boolean, .integer, .decimal:
            json.key("default")
            json.raw(text.utf8)
        default: json.field("default", text)
        }
    }

    private static func kind(_ kind: ConfigurationKind, to json: inout JSONWriter) {
        switch kind {
        case .section(let keys): section(keys, to: &json)
        case .mapping(let inner):
            json.field("type", "object")
            json.objectField("additionalProperties") { json in self.kind(inner, to: &json) }
        case .list(let inner):
            json.field("type", "array")
            json.objectField("items") { json in self.kind(inner, to: &json) }
        case .either(let kinds):
            json.arrayField("anyOf", of: kinds) { json, inner in json.object { json in self.kind(inner, to: &json) } }
        default:
            json.arrayField("anyOf", of: [true, false]) { json, isExpanded in
                json.object { json in
                    isExpanded ? json.field("$ref", "#/$defs/expanded") : scalar(kind, to: &json)
                }
            }
        }
    }

    private static func scalar(_ kind: ConfigurationKind, to json: inout JSONWriter) {
        switch kind {
        case .boolean: json.field("type", "boolean")
        case .integer(let range):
            json.field("type", "integer")
            json.field("minimum", range.lowerBound)
            json.field("maximum", range.upperBound)
        case .decimal(let range):
            json.field("type", "number")
            json.field("minimum", range.lowerBound)
            json.field("maximum", range.upperBound)
        case .percentage: pattern("^-?[0-9]+(\\.[0-9]+)?%$", to: &json)
        case .duration: pattern(QuantityText.milliseconds.pattern, to: &json)
        case .size:
            json.key("type")
            json.array(of: ["string", "integer"]) { $0.string($1) }
            json.field("pattern", QuantityText.bytes.pattern)
        case .choice(let names):
            json.arrayField("enum", of: names) { $0.string($1) }
        default:
            json.key("type")
            json.array(of: ["string", "number", "boolean"]) { $0.string($1) }
        }
    }

    private static func pattern(_ pattern: String, to json: inout JSONWriter) {
        json.field("type", "string")
        json.field("pattern", pattern)
    }
}

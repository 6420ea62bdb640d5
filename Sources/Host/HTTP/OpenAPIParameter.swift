import PluginAPI

/// A path or query parameter with its type, range and default.
struct OpenAPIParameter {
    enum Place: String {
        case path, query
    }

    var parameter: Parameter
    var place: Place

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("name", parameter.name)
            json.field("in", place.rawValue)
            json.field("required", place == .path)
            if !parameter.summary.isEmpty { json.field("description", parameter.summary) }
            if case .choices = parameter.kind {
                json.field("style", "form")
                json.field("explode", false)
            }
            json.objectField("schema") { json in
                writeKind(to: &json)
                writeDefault(to: &json)
            }
        }
    }

    private func writeKind(to json: inout JSONWriter) {
        switch parameter.kind {
        case .text(let maxBytes): writeText(to: &json, lengthMax: maxBytes)
        case .id: writeText(to: &json, lengthMax: 128, pattern: "^[!-~]+$")
        case .symbol: writeText(to: &json, lengthMax: 64, pattern: "^[ -~]+$")
        case .integer(let range):
            json.field("type", "integer")
            json.field("minimum", range.lowerBound)
            json.field("maximum", range.upperBound)
        case .decimal(let range):
            json.field("type", "number")
            json.field("minimum", range.lowerBound)
            json.field("maximum", range.upperBound)
        case .boolean: json.field("type", "boolean")
        case .time:
            json.field("type", "string")
            json.key("anyOf")
            json.raw(#"[{"format":"date-time"},{"pattern":"^-[0-9]+[smhd]$"}]"#.utf8)
        case .duration:
            json.field("type", "string")
            json.field("pattern", "^[0-9]+[smhd]$")
        case .choice(let choices):
            json.field("type", "string")
            json.arrayField("enum", of: choices) { $0.string($1) }
        case .choices(let choices):
            json.field("type", "array")
            json.field("uniqueItems", true)
            json.field("minItems", 1)
            json.objectField("items") { json in
                json.field("type", "string")
                json.arrayField("enum", of: choices) { $0.string($1) }
            }
        @unknown default: json.field("type", "string")
        }
    }

    private func writeText(to json: inout JSONWriter, lengthMax: Int, pattern: String? = nil) {
        json.field("type", "string")
        json.field("minLength", 1)
        json.field("maxLength", lengthMax)
        if let pattern { json.field("pattern", pattern) }
    }

    private func writeDefault(to json: inout JSONWriter) {
        switch (parameter.defaultValue, parameter.kind) {
        case (nil, _), (.value(.null), _): return
        case (.ago(let duration), _): json.field("default", "-\(DurationText.text(of: duration))")
        case (.value(let value), .choices):
            json.arrayField("default", of: value.parameterText.split(separator: ",")) { $0.string(String($1)) }
        case (.value(.integer(let microseconds)), .duration):
            json.field("default", DurationText.text(of: .microseconds(microseconds)))
        case (.value(let value), _):
            json.key("default")
            json.value(value)
        @unknown default: return
        }
    }
}

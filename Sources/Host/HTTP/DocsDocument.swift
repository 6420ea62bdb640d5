import PluginAPI

/// The parts of an OpenAPI document that a reader wants, spelled as HTML.
struct DocsDocument {
    private struct Operation {
        var method: String
        var path: String
        var details: JSONValue
    }

    private static let methods = ["get", "put", "post", "delete", "patch"]

    private let document: JSONValue

    init(_ document: JSONValue) {
        self.document = document
    }

    var html: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(title)</title>
        <style>\(Self.style)</style>
        </head>
        <body>
        <header><h1>\(title) <small>\(version)</small></h1>
        <p>Every operation this host serves. The same as data: <a href="/api/v1/openapi.json">OpenAPI 3.1</a>.</p></header>
        <nav>\(groups.map(Self.link).joined())</nav>
        <main>\(groups.map(section).joined())</main>
        </body>
        </html>
        """
    }

    private var title: String { Self.escaped(document["info"]?["title"]?.text ?? "Concord") }
    private var version: String { Self.escaped(document["info"]?["version"]?.text ?? "") }

    /// Operations by their first tag, in the document's order.
    private var groups: [(name: String, operations: [Operation])] {
        var groups: [(name: String, operations: [Operation])] = []
        for operation in operations {
            let name = operation.details["tags"]?.elements.first?.text ?? "host"
            if let index = groups.firstIndex(where: { $0.name == name }) {
                groups[index].operations.append(operation)
            } else {
                groups.append((name, [operation]))
            }
        }
        return groups
    }

    private var operations: [Operation] {
        (document["paths"]?.members ?? []).flatMap { path in
            path.value.members.filter { Self.methods.contains($0.name) }.map { method in
                Operation(method: method.name, path: path.name, details: method.value)
            }
        }
    }

    private static func link(_ group: (name: String, operations: [Operation])) -> String {
        "<a href=\"#\(escaped(group.name))\">\(escaped(group.name))</a>"
    }

    private func section(_ group: (name: String, operations: [Operation])) -> String {
        let name = Self.escaped(group.name)
        return "<section id=\"\(name)\"><h2>\(name)</h2>\(group.operations.map(article).joined())</section>"
    }

    private func article(_ operation: Operation) -> String {
        let details = operation.details
        let summary = details["summary"]?.text ?? ""
        let parameters = (details["parameters"]?.elements ?? []).map { resolve($0) }
        return """
            <details><summary><b class="\(operation.method)">\(operation.method.uppercased())</b>\
            <code>\(Self.escaped(operation.path))</code><span>\(Self.escaped(summary))</span></summary>
            \(parameters.isEmpty ? "" : table(parameters))\(body(details))\(responses(details))</details>
            """
    }

    private func table(_ parameters: [JSONValue]) -> String {
        let rows = parameters.map { parameter in
            let name = Self.escaped(parameter["name"]?.text ?? "")
            let place = Self.escaped(parameter["in"]?.text ?? "")
            let isRequired = parameter["required"] == .boolean(true)
            let summary = Self.escaped(parameter["description"]?.text ?? "")
            return """
                <tr><td><code>\(name)</code>\(isRequired ? "<sup>*</sup>" : "")</td><td>\(place)</td>\
                <td>\(Self.escaped(type(parameter["schema"] ?? .null)))</td><td>\(summary)</td></tr>
                """
        }
        return "<table><tr><th>Parameter</th><th>In</th><th>Type</th><th></th></tr>\(rows.joined())</table>"
    }

    private func body(_ details: JSONValue) -> String {
        guard let content = details["requestBody"].map(resolve)?["content"] else { return "" }
        let types = content.members.map { "<code>\(Self.escaped($0.name))</code>" }.joined(separator: ", ")
        return "<p>Body: \(types)</p>"
    }

    private func responses(_ details: JSONValue) -> String {
        let items = (details["responses"]?.members ?? []).map { response in
            let summary = resolve(response.value)["description"]?.text ?? ""
            return "<li><b>\(Self.escaped(response.name))</b> \(Self.escaped(summary))</li>"
        }
        return items.isEmpty ? "" : "<ul>\(items.joined())</ul>"
    }

    /// A type in a few words: `integer, 1…500, default 50`.
    private func type(_ schema: JSONValue) -> String {
        let schema = resolve(schema)
        var words: [String] = []
        if let choices = schema["enum"]?.elements, !choices.isEmpty {
            words.append(choices.compactMap(\.text).joined(separator: " | "))
        } else {
            words.append(schema["type"]?.text ?? "any")
        }
        if let format = schema["format"]?.text { words.append(format) }
        if let low = schema["minimum"]?.text, let high = schema["maximum"]?.text { words.append("\(low)…\(high)") }
        if let value = schema["default"]?.text { words.append("default \(value)") }
        return words.joined(separator: ", ")
    }

    /// What a `$ref` within the document stands for; anything else is itself.
    private func resolve(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.text, reference.hasPrefix("#/") else { return value }
        return reference.dropFirst(2).split(separator: "/").reduce(document) { $0[String($1)] ?? .null }
    }

    static func escaped(_ text: String) -> String {
        var out = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }

    private static let style = """
        :root{color-scheme:light dark;--line:#8884;--soft:#8881}
        *{box-sizing:border-box}
        body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:2rem 1rem}
        h1{margin:0}h1 small{font-size:1rem;font-weight:400;opacity:.6}
        h2{margin:2rem 0 .5rem;text-transform:capitalize}
        nav{position:sticky;top:0;background:Canvas;padding:.5rem 0;border-bottom:1px solid var(--line)}
        nav a{margin-right:1rem}
        details{border:1px solid var(--line);border-radius:.5rem;margin:.4rem 0;padding:0 .8rem}
        details[open]{padding-bottom:.8rem}
        summary{cursor:pointer;padding:.5rem 0;display:flex;gap:.8rem;align-items:baseline;flex-wrap:wrap}
        summary span{opacity:.7}
        summary b{min-width:3.2rem;font-size:.8rem}
        .get{color:#2a7}.post{color:#27c}.put{color:#c72}
        code{font-family:ui-monospace,monospace;font-size:.9em}
        table{border-collapse:collapse;width:100%;margin:.5rem 0}
        th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
        th{font-weight:600;background:var(--soft)}
        ul{list-style:none;padding:0;margin:.5rem 0;columns:2}
        """
}

extension JSONValue {
    /// A string, or a number as written; `nil` for everything else.
    fileprivate var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    fileprivate var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    fileprivate var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }
}

import PluginAPI

/// Keys of a parameter that mean something for some types alone: one that its author takes for a bound must not be one that
/// nobody looks at.
enum SQLParameterKeys {
    /// What a parameter may be.
    static let types = ["text", "id", "symbol", "integer", "decimal", "boolean", "time", "duration", "choice"]

    private static let typesOfKeys = [
        "min": ["integer", "decimal"], "max": ["integer", "decimal"], "choices": ["choice"],
    ]

    /// What is wrong with a file in that respect, whatever the values of such keys.
    static func meaningless(in file: Setting) -> [ConfigurationMistake] {
        (file["methods"]?.entries ?? []).flatMap { method in
            (method.value["params"]?.entries ?? []).flatMap { parameter in
                meaningless(of: parameter.value, at: "methods.\(method.key).params.\(parameter.key)")
            }
        }
    }

    private static func meaningless(of parameter: Setting, at place: String) -> [ConfigurationMistake] {
        guard case .scalar(let type)? = parameter["type"]?.content, types.contains(type.text) else { return [] }
        return parameter.entries.compactMap { entry in
            guard let types = typesOfKeys[entry.key], !types.contains(type.text) else { return nil }
            let path = "\(place).\(entry.key)"
            return ConfigurationMistake(
                at: entry.value.origin, path: path,
                "`\(path)` is for \(types.joined(separator: " and ")), not for \(type.text)", hint: "drop it")
        }
    }
}

/// A part of the configuration as it was written, before anything is known of what it should be.
struct Setting: Sendable, Equatable {
    indirect enum Content: Sendable, Equatable {
        case scalar(Scalar)
        case mapping([Entry])
        case list([Setting])
    }

    struct Scalar: Sendable, Equatable {
        var text: String
        /// Without quotes, so that it may stand for a number or a truth value.
        var isPlain: Bool
        /// It came through a variable or a file: it may be secret, and is never repeated in messages.
        var isExpanded = false
        /// How to put it together again, if a file is part of it.
        var template: ConfiguredText?
    }

    struct Entry: Sendable, Equatable {
        var key: String
        /// Where the key stands.
        var origin: SettingOrigin
        var value: Setting
    }

    var content: Content
    var origin: SettingOrigin

    static func text(_ text: String, from origin: SettingOrigin) -> Setting {
        Setting(content: .scalar(Scalar(text: text, isPlain: true)), origin: origin)
    }

    /// Nothing is written where a value should stand: `roles:` and the end of the line.
    var isEmpty: Bool {
        guard case .scalar(let scalar) = content else { return false }
        return scalar.isPlain && !scalar.isExpanded && ["", "~", "null"].contains(scalar.text)
    }

    var entries: [Entry] {
        if case .mapping(let entries) = content { entries } else { [] }
    }

    /// The value under a key, byte for byte.
    subscript(key: String) -> Setting? {
        entries.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The scalar's text at a path of keys.
    func text(at path: [String]) -> String? {
        var setting: Setting? = self
        for key in path { setting = setting?[key] }
        guard case .scalar(let scalar) = setting?.content, setting?.isEmpty == false else { return nil }
        return scalar.text
    }

    /// Puts a value at a path of keys, making the mappings on the way and replacing what is no mapping.
    mutating func put(_ value: Setting, at path: some Collection<String>) {
        guard let key = path.first else {
            self = value
            return
        }
        var entries = entries
        if let index = entries.firstIndex(where: { $0.key.utf8.elementsEqual(key.utf8) }) {
            entries[index].value.put(value, at: path.dropFirst())
        } else {
            var child = Setting(content: .mapping([]), origin: value.origin)
            child.put(value, at: path.dropFirst())
            entries.append(Entry(key: key, origin: value.origin, value: child))
        }
        content = .mapping(entries)
    }
}

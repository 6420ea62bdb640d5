/// Why a library is not loaded, and which of its settings that is about.
struct ModuleRefusal: Error, Equatable, CustomStringConvertible {
    /// A key of an item of `modules.dynamic`, `directory` for `modules.directory`.
    enum Key: String, Sendable {
        case id, file, sha256, directory
    }

    var key: Key
    /// A clause that follows the key.
    var detail: String
    var hint: String?

    init(_ key: Key, _ detail: String, hint: String? = nil) {
        self.key = key
        self.detail = detail
        self.hint = hint
    }

    var description: String { hint.map { "\(detail); \($0)" } ?? detail }
}

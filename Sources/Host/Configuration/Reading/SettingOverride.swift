/// A value from outside the file: an environment variable or a flag.
struct SettingOverride: Sendable, Equatable {
    /// Keys from the top.
    var path: [String]
    var text: String
    var origin: SettingOrigin

    /// A flag of the command line.
    static func flag(_ name: String, _ path: [String], _ text: String) -> SettingOverride {
        SettingOverride(path: path, text: text, origin: .flag(name))
    }
}

import PluginAPI

/// Which role a token's `role` claim stands for: its own three names first, then `auth.roles`, otherwise user.
struct RoleNames: Sendable {
    private let mapped: [String: Role]

    /// - Parameter mapped: `auth.roles`, names from elsewhere and what they count as.
    init(mapped: [String: Role] = [:]) {
        self.mapped = mapped
    }

    func role(named name: String) -> Role {
        if let role = Role.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name.utf8) }) { return role }
        return mapped.first { $0.key.utf8.elementsEqual(name.utf8) }?.value ?? .user
    }
}

import PluginAPI

/// All that a module is made from. Two modules of the same recipe are the same, so that one of them is enough: a changed
/// configuration carries over what it would have made anew.
struct ModuleRecipe: Sendable, Equatable {
    var id: ModuleDescriptor.ModuleID
    /// Settings that a reload can change. Others are known to be as they were: a reload refuses to change them, and a secret
    /// among them that is kept in a file is read again by the module itself.
    var settings: ModuleConfiguration
    var cachePrefix = ""
    /// What the module requires, made from what: a module whose requirement is made anew is made anew.
    var requirements: [ModuleRecipe] = []
    /// What it is made from beside its settings, such as the text of a file of its own.
    var source = ""

    init(
        _ type: any Module.Type,
        _ settings: ModuleConfiguration,
        cachePrefix: String = "",
        requirements: [ModuleRecipe] = []
    ) {
        id = type.descriptor.id
        self.settings = settings
        for key in type.configuration.keys where !key.isReloadable { self.settings.values[key.name] = nil }
        self.cachePrefix = cachePrefix
        self.requirements = requirements
    }

    /// Of a module that is a file.
    init(_ definition: SQLModuleDefinition, requirements: [ModuleRecipe]) {
        id = definition.id
        settings = ModuleConfiguration()
        source = definition.file + "\n" + String(decoding: definition.text, as: UTF8.self)
        self.requirements = requirements
    }
}

/// A module and what it is made from.
struct MadeModule: Sendable {
    var module: any Module
    var recipe: ModuleRecipe
    /// Whether it was in use before this configuration.
    var isCarried: Bool
}

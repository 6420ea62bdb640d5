import BuiltIn
import PluginAPI
import Testing

@testable import Host

@Suite("Why what a dynamic module requires is not there")
struct MissingRequirementTests {
    @Test(
        "The sentence says what to do about it",
        arguments: [
            ("turnover", "which is itself; take it out of what the module requires, and build it again"),
            (
                "behind",
                "which comes later in `modules.dynamic` or is left out at this start; list it before"
            ),
            ("busiest", "which is a file in `config/queries`: no module can require an SQL module"),
            ("guards", "which `queries` does not load; list it there"),
            ("nothing", "and there is no module of that ID; add it to `modules.dynamic` before this one"),
        ])
    func sentences(id: String, sentence: String) throws {
        let source = ConfigurationSource(name: "c.yaml", text: "auth: { jwt: { secret: \(ReloadFixture.secret) } }")
        var configuration = try #require(ConfigurationLoader(catalog: .compiledIn).load(source).configuration)
        configuration.dynamicModules = ["turnover", "behind"].map { id in
            let source = DynamicModuleSource(id: id, file: "\(id).so", digest: "")
            return DynamicModuleChoice((source, CheckedSetting(content: .mapping([]), origin: .preset)))
        }
        configuration.sqlModules = [
            SQLModuleDefinition(
                id: "busiest", summary: "", isForPlatform: false, methods: [], file: "busiest.yaml", text: [])
        ]

        #expect(configuration.whyMissing(id, for: "turnover", among: BuiltInModules.services) == sentence)
    }
}

import PluginAPI
import Testing

@testable import Host

@Suite("The order of modules")
struct ModulePlanTests {
    private let registered = [
        ModuleDescriptor(id: "guards", summary: "", requires: ["book"]),
        ModuleDescriptor(id: "book", summary: ""),
        ModuleDescriptor(id: "reconciliation", summary: "", requires: ["book"]),
        ModuleDescriptor(id: "audit", summary: "", requires: ["guards", "reconciliation"]),
    ]

    @Test(
        "A requirement is loaded before what requires it, once, and otherwise the configuration's order holds",
        arguments: [
            (wanted: ["reconciliation", "guards"], order: ["book", "reconciliation", "guards"]),
            (wanted: ["guards", "reconciliation"], order: ["book", "guards", "reconciliation"]),
            (wanted: ["audit"], order: ["book", "guards", "reconciliation", "audit"]),
            (wanted: ["book"], order: ["book"]),
            (wanted: [], order: []),
        ]
    )
    func order(wanted: [String], order: [String]) throws {
        let plan = try ModulePlan(wanted: wanted, registered: registered)

        #expect(plan.order == order)
    }

    @Test("A module nobody compiled in is refused by name, with those there are")
    func missing() {
        #expect {
            try ModulePlan(wanted: ["turnover"], registered: registered)
        } throws: { error in
            "\(error)".contains("module turnover is not compiled in; there are: audit, book, guards, reconciliation")
        }
    }

    @Test("A missing requirement names who requires it")
    func missingRequirement() {
        let alone = [ModuleDescriptor(id: "guards", summary: "", requires: ["book"])]

        #expect(throws: ModulePlanError.missing("book", requiredBy: "guards", registered: ["guards"])) {
            try ModulePlan(wanted: ["guards"], registered: alone)
        }
    }

    @Test("Modules that require each other are refused with the circle")
    func cycle() {
        let circle = [
            ModuleDescriptor(id: "a", summary: "", requires: ["b"]),
            ModuleDescriptor(id: "b", summary: "", requires: ["c"]),
            ModuleDescriptor(id: "c", summary: "", requires: ["b"]),
        ]

        #expect(throws: ModulePlanError.cycle(["b", "c", "b"])) {
            try ModulePlan(wanted: ["a"], registered: circle)
        }
    }
}

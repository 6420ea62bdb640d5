import PluginAPI

/// `POST /admin/modules/{id}/enable` and `…/disable`: operators take a query service out of use and back, on this host and
/// until it is started again.
///
/// The audit log is written first. Where it cannot be, nothing is done.
struct ModuleCommands: Sendable {
    let desk: ModuleDesk
    let audit: AdminAudit

    var operations: [Operation] {
        [
            command("disableModule", "disable", "Answer 503 for all that a module does", isOn: false),
            command("enableModule", "enable", "Let a module answer again", isOn: true),
        ]
    }

    private func command(_ name: String, _ verb: String, _ summary: String, isOn: Bool) -> Operation {
        .command(
            name, at: "/modules/{id}/\(verb)", summary: summary, scope: .platform, roles: [.operator],
            parameters: [Parameter("id", .id, "The module")],
            reply: .object(["id": .text, "status": .choice(ModuleStatus.words), "reason": .optional(.text)])
        ) { (request: Request) async throws -> Reply in
            let id = request.text("id") ?? ""
            let status = try await desk.turn(order(id, verb, isOn, request))
            return Reply { (json: inout JSONWriter) in
                json.field("id", id)
                json.field("status", status.word)
                json.field("reason", status.reason)
            }
        }
    }

    private func order(_ id: String, _ verb: String, _ isOn: Bool, _ request: Request) -> ModuleSwitch {
        ModuleSwitch(id: id, isOn: isOn) { status in
            var before = JSONWriter()
            before.object { $0.field("status", status.word) }
            try await audit.record("module.\(verb)", of: id, request, before: before.bytes) { json in
                json.field("enabled", isOn)
            }
        }
    }
}

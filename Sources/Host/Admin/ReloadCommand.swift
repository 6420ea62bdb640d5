import PluginAPI

/// `POST /admin/config/reload`: an operator has the configuration read again, or asks what that would do.
///
/// The audit log is written when all is ready to take over, and where it cannot be, nothing takes over.
struct ReloadCommand: Sendable {
    let desk: ReloadDesk
    let audit: AdminAudit

    var operation: Operation {
        .command(
            "reloadConfiguration", at: "/config/reload", summary: "Read the configuration again", scope: .platform,
            roles: [.operator],
            parameters: [
                Parameter(
                    "dry_run", .boolean, default: .value(.boolean(false)), "Only check, and answer what would change")
            ],
            reply: ReloadOutcome.schema
        ) { (request: Request) async throws -> Reply in try await reload(request) }
    }

    private func reload(_ request: Request) async throws -> Reply {
        var order = ReloadOrder(reason: "operator \(request.caller.subject)")
        order.deadline = request.deadline
        order.isDryRun = request.parameters["dry_run"] == .boolean(true)
        order.confirm = { plan, generation in
            var before = JSONWriter()
            before.object { $0.field("generation", Int64(generation - 1)) }
            try await audit.record("config.reload", of: "configuration", request, before: before.bytes) { json in
                json.field("generation", Int64(generation))
                json.objectField("plan") { plan.write(to: &$0) }
            }
        }
        do {
            let outcome = try await desk.reload(order)
            return Reply { (json: inout JSONWriter) in outcome.write(to: &json) }
        } catch let failure as ReloadFailure {
            throw failure.problem
        }
    }
}

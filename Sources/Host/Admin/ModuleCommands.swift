import PluginAPI

/// `POST /admin/modules/{id}/enable` and `…/disable`: operators take a query service out of use and back, on this host and
/// until it is started again.
///
/// The audit log is written first. Where it cannot be, nothing is enabled; a module that does harm is disabled all the same,
/// and the answer and the log say that the audit log does not have it.
struct ModuleCommands: Sendable {
    let desk: ModuleDesk
    let audit: AdminAudit
    let logger: any Logger

    /// How long the audit log is waited for while a module that is to be disabled goes on.
    static let auditPatience: Duration = .seconds(2)

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
            reply: .object([
                "id": .text, "status": .choice(ModuleStatus.words), "reason": .optional(.text), "audited": .boolean,
            ])
        ) { (request: Request) async throws -> Reply in
            let id = request.text("id") ?? ""
            let outcome = try await desk.turn(
                ModuleSwitch(id: id, isOn: isOn) { status in
                    isOn
                        ? try await record(verb, id, isOn, before: status, request)
                        : try await recordIfPossible(verb, id, isOn, before: status, request)
                })
            return Reply { (json: inout JSONWriter) in
                json.field("id", id)
                json.field("status", outcome.status.word)
                json.field("reason", outcome.status.reason)
                json.field("audited", outcome.isAudited)
            }
        }
    }

    /// - Returns: `true`; there is an entry.
    private func record(
        _ verb: String, _ id: String, _ isOn: Bool, before status: ModuleStatus, _ request: Request
    ) async throws -> Bool {
        var before = JSONWriter()
        before.object { $0.field("status", status.word) }
        try await audit.record("module.\(verb)", of: id, request, before: before.bytes) { json in
            json.field("enabled", isOn)
        }
        return true
    }

    /// Whether the audit log was away, too slow, or not waited for because whoever asked has gone.
    private static func isNoRefusal(_ failure: any Error) -> Bool {
        failure is StorageError || failure is DeadlineExceeded || failure is CancellationError
    }

    /// - Returns: Whether there is an entry, as far as is known in time.
    private func recordIfPossible(
        _ verb: String, _ id: String, _ isOn: Bool, before status: ModuleStatus, _ request: Request
    ) async throws -> Bool {
        let left = request.deadline.map { ($0 - .now) / 2 } ?? Self.auditPatience
        let patience = min(left, Self.auditPatience)
        var hasty = request
        hasty.deadline = .now + patience
        do {
            // A storage that hangs may not heed the deadline.
            return try await withDeadline(patience) { [hasty] in
                try await record(verb, id, isOn, before: status, hasty)
            }
        } catch let failure where Self.isNoRefusal(failure) {
            logger.error(
                "module \(verb)d without an entry in the audit log",
                [
                    "id": id, "before": status.word, "actor": request.caller.subject, "request_id": request.requestID,
                    "error": "\(failure)",
                ])
            return false
        }
    }
}

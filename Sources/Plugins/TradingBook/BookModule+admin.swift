public import PluginAPI

extension BookModule: AdministeredModule {
    public var adminOperations: [Operation] {
        let storage = context.storage
        return [
            .query(
                "audit", at: "/audit", summary: "Changes made by hand, newest first", scope: .platform,
                roles: [.operator], ttl: .zero, parameters: AuditList.parameters, isPaged: true, isServedStale: false,
                reply: AuditList.schema
            ) { (request: Request) async throws -> Reply in try await AuditList.reply(to: request, from: storage) },
            .query(
                "auditVerification", at: "/audit/verification", summary: "Whether the audit log is as it was written",
                scope: .platform, roles: [.operator], ttl: .zero, isServedStale: false, reply: AuditVerification.schema
            ) { (request: Request) async throws -> Reply in
                try await AuditVerification.run(on: storage, deadline: request.deadline).reply
            },
        ]
    }
}

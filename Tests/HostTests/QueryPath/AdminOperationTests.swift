import HTTPTypes
import PluginAPI
import PluginTesting
import Testing

@testable import Host

/// Operations that modules declare for operators.
struct AdminOperationTests {
    @Test("They lie below /admin, apart from what clients can ask, and are counted as the module's")
    func places() throws {
        let path = try queryPath()

        #expect(path.operations.map(\.template) == ["/api/v1/things"])
        #expect(path.adminOperations.map(\.template) == ["/admin/things/{account}/mend"])
        #expect(path.adminOperations.map(\.name) == ["administered.mend"])
    }

    @Test(
        "They authorise, read bodies and refuse as any operation does",
        arguments: [
            (Caller.root, "a1", "{}", 200), (.root, "nobodys", "{}", 404), (.ann, "a1", "{}", 403),
            (.agentOfAll, "a1", "{}", 403), (.root, "a1", "", 422),
        ])
    func calls(caller: Caller, account: String, body: String, status: Int) async throws {
        let path = try queryPath()
        let target = try #require(path.adminOperations.first)
        let request = IncomingRequest(
            method: .post, path: "/admin/things/\(account)/mend", headers: [.contentType: "application/json"],
            body: Array(body.utf8), peer: "127.0.0.1", requestID: "r-1", receivedAt: ManualClock().now)

        let answer = await path.answer(target, to: request, pathParameters: ["account": account], caller: caller)

        #expect(answer.status.code == status)
    }

    @Test("An operation for operators that has the name of one for clients is refused by name")
    func sameName() {
        #expect(throws: DeclarationError(problems: ["administered.things is declared twice"])) {
            try queryPath(adminName: "things")
        }
    }

    private func queryPath(adminName: String = "mend") throws -> QueryPath {
        let log = RecordingLogger()
        let service = AdministeredService(adminName: adminName)
        var settings = QueryPathSettings()
        // A machine that stands still for a while is no fault.
        settings.callTimeout = .seconds(3_600)
        settings.moduleLimits.usual.deadline = .seconds(3_600)
        return try QueryPath(
            services: [LoadedService(id: "administered", service: service, status: { .ok })],
            directory: FakeDirectory(), cache: nil, invalidations: Invalidations(logger: log),
            cursors: CursorCodec(secret: Array("a secret of the tests".utf8)), settings: settings,
            clock: ManualClock(), metrics: RecordingMetrics(), logger: log)
    }
}

/// A service with one operation for each audience.
private struct AdministeredService: QueryService, AdministeredModule {
    static let descriptor = ModuleDescriptor(id: "administered", summary: "A test's")
    let adminName: String

    init(adminName: String) { self.adminName = adminName }
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) { adminName = "mend" }

    var operations: [PluginAPI.Operation] { [.constant()] }

    var adminOperations: [PluginAPI.Operation] {
        [
            .command(
                adminName, at: "/things/{account}/mend", scope: .account(pathParameter: "account"),
                roles: [.operator], body: BodySchema(schema: .anyObject), reply: .anyObject
            ) { request in
                guard !request.body.isEmpty else { throw Problem.unprocessable("There is nothing in it.", errors: []) }
                return Reply(body: Array(#"{"account":"\#(request.account ?? "")"}"#.utf8))
            }
        ]
    }
}

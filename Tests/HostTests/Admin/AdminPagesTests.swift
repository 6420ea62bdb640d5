import HTTPTypes
import PluginAPI
import Testing

@testable import Host

@Suite("The admin API")
struct AdminPagesTests {
    private static let admin = #"{"sub":"op","role":"operator"}"#

    private func host() async throws -> PipelineFixture {
        let pages = AdminPages(source: FixedSource())
        return try PipelineFixture(
            endpoints: pages.endpoints.map { .init(method: .get, template: $0.path, target: $0.endpoint) },
            policy: .init(roles: [.operator], limitsRequests: false))
    }

    @Test(
        "Only operators get in", arguments: ["/admin/modules", "/admin/modules/book", "/admin/config", "/admin/cache"])
    func roles(path: String) async throws {
        let host = try await host()

        let nobody = await host.answer(host.request(.get, path, token: nil))
        let user = await host.answer(host.request(.get, path))
        let other = await host.answer(host.request(.get, path, token: Self.admin))

        #expect([nobody.status.code, user.status.code, other.status.code] == [401, 403, 200])
    }

    @Test(
        "Each page shows what it is for",
        arguments: [
            ("/admin/modules", #"{"modules":[{"id":"book","kind":"book","source":"compiled","summary":"The record""#),
            (
                "/admin/modules/book",
                #""stability":"stable","requires":["sqlite"],"loaded":false,"status":"degraded","reason":"slow","latency_ms":1.5,"#
            ),
            ("/admin/config", #"{"generation":3,"configuration":{"secret":"•••"}}"#),
            (
                "/admin/cache",
                #"{"module":"memory","entries":2,"bytes":3,"bytes_max":null,"evictions":4,"invalidations":5}"#
            ),
        ]
    )
    func pages(path: String, part: String) async throws {
        let host = try await host()

        let answer = await host.answer(host.request(.get, path, token: Self.admin))

        #expect(answer.text.contains(part))
    }

    @Test("What is not there is 404, and what only reads is 405 for writes")
    func others() async throws {
        let host = try await host()

        let module = await host.answer(host.request(.get, "/admin/modules/none", token: Self.admin))
        let path = await host.answer(host.request(.get, "/admin/drain", token: Self.admin))
        let write = await host.answer(host.request(.post, "/admin/config", token: Self.admin))

        #expect([module.status.code, path.status.code, write.status.code] == [404, 404, 405])
    }
}

private struct FixedSource: AdminSource {
    var configurationGeneration: Int { 3 }

    func modules() async -> [AdminModule] {
        [
            AdminModule(
                descriptor: ModuleDescriptor(id: "book", summary: "The record", requires: ["sqlite"]), kind: "book",
                status: .degraded(reason: "slow"), latency: .microseconds(1_500))
        ]
    }

    func writeConfiguration(_ json: inout JSONWriter) {
        json.object { $0.field("secret", Secret("hunter2").description) }
    }

    func cache() async -> AdminCache? {
        AdminCache(
            module: "memory",
            statistics: CacheStatistics(entries: 2, bytes: 3, bytesMax: nil, evictions: 4, invalidations: 5))
    }
}

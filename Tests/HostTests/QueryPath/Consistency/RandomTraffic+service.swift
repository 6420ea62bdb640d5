import PluginAPI

@testable import Host

/// What the traffic is served by: a book of versions.
extension RandomTraffic {
    static func directory() -> FakeDirectory {
        let directory = FakeDirectory()
        for (number, account) in accounts.enumerated() { directory.give(account, to: owner(of: number)) }
        return directory
    }

    static func owner(of account: Int) -> String { "u\(account / 2)" }

    static func extraTag(_ account: String) -> CacheTag { CacheTag(kind: "notes", id: account) }

    /// Answers are the user and, for each account, its number and version: `u1 2=17 3=4`.
    static func operations(_ ledger: Ledger) -> [PluginAPI.Operation] {
        let limit = Parameter("limit", .integer(1...500))
        return [
            .query("figures", at: "/figures", ttl: .seconds(10), parameters: [limit], reply: .anyObject) { request in
                Reply(body: await read(request, from: 0, of: ledger))
            },
            .query("notes", at: "/notes", ttl: .seconds(10), parameters: [limit], reply: .anyObject) { request in
                let body = await read(request, from: accounts.count, of: ledger)
                return Reply(body: body, tags: request.accounts.map(extraTag))
            },
            .command(
                "write", at: "/accounts/{account}/write", scope: .account(pathParameter: "account"), roles: [.agent],
                reply: .anyObject
            ) { request in
                let account = request.account ?? ""
                let version = ledger.write(Int(account.dropFirst()) ?? 0)
                await Task.yield()
                return Reply(body: Array("\(version)".utf8), invalidates: [.account(account), .user(request.user)])
            },
            .command(
                "note", at: "/accounts/{account}/note", scope: .account(pathParameter: "account"), roles: [.agent],
                reply: .anyObject
            ) { request in
                let account = request.account ?? ""
                let version = ledger.write(accounts.count + (Int(account.dropFirst()) ?? 0))
                await Task.yield()
                return Reply(body: Array("\(version)".utf8), invalidates: [extraTag(account)])
            },
        ]
    }

    private static func read(_ request: Request, from first: Int, of ledger: Ledger) async -> [UInt8] {
        var text = request.user
        for account in request.accounts {
            let number = Int(account.dropFirst()) ?? 0
            let version = ledger.version(of: first + number)
            // Some answers are long in the making, after they have read.
            if request.requestID.utf8.last == UInt8(ascii: "7") { for _ in 0..<20 { await Task.yield() } }
            text += " \(number)=\(version)"
        }
        return Array(text.utf8)
    }
}

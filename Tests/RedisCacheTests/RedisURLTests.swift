import PluginAPI
import Testing

@testable import RedisCache

@Suite("Redis URLs")
struct RedisURLTests {
    @Test("A URL says where, as whom, and which database")
    func whole() throws {
        let url = try RedisURL("rediss://con%40cord:p%2Fa:ss%25@[::1]:6380/3?ssl_ca_certs=/etc/ca%20file.pem")

        #expect(url.host == "::1" && url.port == 6380 && url.database == 3 && url.isTLS)
        #expect(url.user == "con@cord" && url.password == "p/a:ss%")
        #expect(url.authorityFile == "/etc/ca file.pem")
    }

    @Test("What is left out has its usual value")
    func defaults() throws {
        let url = try RedisURL("redis://cache.internal")

        #expect(url.host == "cache.internal" && url.port == 6379 && url.database == 0 && !url.isTLS)
        #expect(url.user == nil && url.password == nil)
        #expect(try RedisURL("redis://:secret@h").user == nil)
        #expect(try RedisURL("redis://:secret@h").password == "secret")
        #expect(try RedisURL("redis://h?db=7").database == 7)
    }

    @Test(
        "What cannot be used is refused with a sentence",
        arguments: [
            ("localhost:6379", "is no URL"), ("http://h", "unknown scheme"), ("redis://", "names no host"),
            ("redis-sentinel://h:26379/mymaster", "Sentinel"), ("redis+sentinel://h", "Sentinel"),
            ("redis+cluster://h:7000", "Cluster"), ("rediss+cluster://h", "Cluster"), ("unix:///run/redis", "socket"),
            ("redis://a:6379,b:6379/0", "several hosts"), ("redis://h:0", "port"), ("redis://h:65536", "port"),
            ("redis://h:x", "port"), ("redis://::1", "IPv6"), ("redis://[::1", "]"), ("redis://h/x", "database"),
            ("redis://h/65536", "database"), ("redis://user@h", "without a password"),
            ("redis://u:%zz@h", "percent-encoded"), ("redis://h?timeout=1", "unknown parameter"),
            ("redis://h?ssl_ca_certs=/ca.pem", "rediss"), ("rediss://h?ssl_cert_reqs=none", "would not check"),
        ])
    func refused(text: String, word: String) {
        #expect { try RedisURL(text) } throws: { ($0 as? RedisURLProblem)?.detail.contains(word) == true }
    }

    @Test("The module refuses such a URL when it is put together, and does not show the password")
    func module() throws {
        #expect {
            _ = try makeCache("redis+cluster://u:hunter2@h:7000")
        } throws: { error in
            guard case .misconfigured("url", let detail) = error as? ModuleError else { return false }
            return detail.contains("Cluster") && !detail.contains("hunter2")
        }
    }
}

import Testing

@testable import Host

@Suite("What a library was built with")
struct PluginBuildTests {
    private let host = PluginBuild(major: 2, minor: 3, toolchain: "this")

    @Test("runs when it is the host's version or an older minor one", arguments: 0...3)
    func good(minor: UInt32) throws {
        try PluginBuild(major: 2, minor: minor, toolchain: "this").check(against: host)
    }

    @Test(
        "is refused in words that name the field",
        arguments: [
            (
                PluginBuild(major: 2, minor: 4, toolchain: "this"),
                "newer PluginAPI: API version 2.4, and this host has 2.3"
            ),
            (PluginBuild(major: 3, minor: 0, toolchain: "this"), "newer PluginAPI: API version 3.0"),
            (PluginBuild(major: 1, minor: 9, toolchain: "this"), "older PluginAPI: API version 1.9"),
            (PluginBuild(major: 2, minor: 3, toolchain: "that"), "toolchain “that”, and this host by “this”"),
            (PluginBuild(major: 9, minor: 9, toolchain: ""), "toolchain “”"),
        ])
    func bad(build: PluginBuild, word: String) {
        let refusal = #expect(throws: ModuleRefusal.self) { try build.check(against: host) }
        #expect(refusal?.detail.contains(word) == true)
        #expect(refusal?.hint?.isEmpty == false)
    }

    @Test("is told from what the system's loader says")
    func loader() {
        let later = LoaderMessage("/proc/self/fd/9: undefined symbol: $s9PluginAPI5LaterV5helloyyF").refusal
        #expect(later.detail.contains("newer PluginAPI"))
        #expect(later.detail.contains("PluginAPI.Later.hello() -> ()"))
        let foreign = LoaderMessage("/proc/self/fd/9: undefined symbol: elsewhere, version X").refusal
        #expect(foreign.detail == "cannot be loaded: nothing here has elsewhere")
        let other = LoaderMessage("/proc/self/fd/9: cannot open shared object file").refusal
        #expect(other.detail == "cannot be loaded: cannot open shared object file")
    }
}

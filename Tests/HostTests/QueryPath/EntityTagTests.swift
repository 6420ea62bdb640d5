import Testing

@testable import Host

@Suite("Entity tags")
struct EntityTagTests {
    // FIPS 180-4's own examples.
    @Test(
        "A tag is the first half of the body's SHA-256 between quotes",
        arguments: [
            ("abc", "\"ba7816bf8f01cfea414140de5dae2223\""), ("", "\"e3b0c44298fc1c149afbf4c8996fb924\""),
        ])
    func tag(body: String, tag: String) {
        #expect(EntityTag.make(for: Array(body.utf8)) == tag)
        #expect(EntityTag.gzip(tag) == tag.dropLast() + "-gzip\"")
    }
}

import Testing

@testable import Reconciliation

@Suite("References that begin with a cut comment")
struct SortedReferencesTests {
    @Test("A beginning finds its reference once, and a second one that shares it as well")
    func groups() {
        let references = SortedReferences(["abc", "abd", "abc", "x"].map { Array($0.utf8) })

        #expect(references.groups(beginningWith: Array("abc".utf8)).count == 1)
        #expect(references.groups(beginningWith: Array("ab".utf8)).count == 2)
        #expect(references.groups(beginningWith: Array("y".utf8)).isEmpty)
    }

    @Test("Each row of a shared reference is asked about once while all are handed out in order")
    func linear() throws {
        let rows = 2_000
        var references = SortedReferences(Array(repeating: Array("shared".utf8), count: rows))
        let group = try #require(references.groups(beginningWith: Array("sh".utf8)).first)
        var taken: Set<Int> = []
        var questions = 0

        for expected in 0..<rows {
            let row = references.nextFree(in: group) {
                questions += 1
                return !taken.contains($0)
            }
            #expect(row == expected)
            taken.insert(expected)
        }

        #expect(references.nextFree(in: group) { !taken.contains($0) } == nil)
        #expect(questions <= 2 * rows)
    }
}

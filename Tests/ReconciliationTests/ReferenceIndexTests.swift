import Testing

@testable import Reconciliation

@Suite("References of the book")
struct ReferenceIndexTests {
    @Test("A reference that several rows share is found once, and gives its rows in order")
    func shared() throws {
        var references = ReferenceIndex(["a", "b", "a", "c"])
        let number = try #require("a".withBytes { references.number(of: $0) })
        var taken: Set<Int> = []

        let first = references.firstFree(in: number) { !taken.contains($0) }
        taken.insert(0)
        let second = references.firstFree(in: number) { !taken.contains($0) }
        taken.insert(2)

        #expect(first == 0)
        #expect(second == 2)
        #expect(references.firstFree(in: number) { !taken.contains($0) } == nil)
        #expect("d".withBytes { references.number(of: $0) } == nil)
        #expect(references.count == 3)
    }

    @Test("Each row of a shared reference is asked about once while all are handed out in order")
    func linear() throws {
        let rows = 2_000
        var references = ReferenceIndex(Array(repeating: "shared", count: rows))
        let number = try #require("shared".withBytes { references.number(of: $0) })
        var taken: Set<Int> = []
        var questions = 0

        for expected in 0..<rows {
            let row = references.firstFree(in: number) {
                questions += 1
                return !taken.contains($0)
            }
            #expect(row == expected)
            taken.insert(expected)
        }

        #expect(references.firstFree(in: number) { !taken.contains($0) } == nil)
        #expect(questions <= 2 * rows)
    }

    @Test("Every one of more references than a part holds is found, alone and among others, and each shared one once")
    func many() {
        let texts = (0..<40_000).map { "reference-\($0 % 30_000)" }
        let index = ReferenceIndex(texts)
        var wanted = index.noTexts
        for number in 0..<35_000 { "reference-\(number)".withBytes { wanted.add($0, row: number) } }

        var found: [Int: Int] = [:]
        index.lookUp(wanted) { row, number in found[row] = number() }

        #expect(index.count == 30_000)
        #expect(found.count == 30_000)
        for (row, number) in found {
            #expect(texts[number] == "reference-\(row)")
            #expect("reference-\(row)".withBytes { index.number(of: $0) } == number)
        }
        var shared: [[Int]] = []
        index.eachShared { shared.append($0) }
        #expect(shared.sorted { $0[0] < $1[0] } == (0..<10_000).map { [$0, $0 + 30_000] })
    }

    @Test("A text that begins with trade: is worth a look-up only where a reference begins so")
    func prefixed() {
        for (text, references, isWorth) in [
            ("trade:a", ["a", "trade:"], false), ("trade:a", ["a", "trade:b"], true), ("trade:", ["a"], true),
            ("b", ["a"], true),
        ] {
            let index = ReferenceIndex(references)
            #expect(text.withBytes { index.mayHold($0) } == isWorth)
        }
    }

    @Test(
        "A cut comment is the beginning of exactly one reference, counted in characters",
        arguments: [
            (references: ["é123456789012345678901234567890"], found: true),
            (references: ["é123456789012345678901234567890x", "é"], found: true),
            (references: ["é123456789012345678901234567890x", "é123456789012345678901234567890y"], found: false),
            (references: ["é12345678901234567890123456789"], found: false),
        ])
    func beginnings(references: [String], found: Bool) {
        var index = ReferenceIndex(references)

        let number = "é123456789012345678901234567890".withBytes { index.number(beginningWith: $0) }

        #expect(number == (found ? references[0].withBytes { index.number(of: $0) } : nil))
    }
}

@Suite("Texts and tickets by number")
struct IndexTests {
    @Test("A text has one number, whatever else has been numbered, and different bytes have different ones")
    func bytes() {
        var index = ByteIndex()
        let texts = (0..<5_000).map { "text-\($0)" } + ["", "caf\u{E9}", "cafe\u{301}"]

        for (number, text) in texts.enumerated() {
            #expect(text.withBytes { index.number(of: $0) } == number)
        }

        for (number, text) in texts.enumerated() {
            #expect(text.withBytes { index.number(of: $0) } == number)
            #expect(text.withBytes { index.find($0) } == number)
            #expect(index.withText(number) { String(decoding: $0, as: UTF8.self) }.utf8.elementsEqual(text.utf8))
        }
        #expect("absent".withBytes { index.find($0) } == nil)
        #expect(index.count == texts.count)
    }

    @Test("A ticket keeps its first row")
    func tickets() {
        var index = TicketIndex()
        for row in 0..<5_000 { index.note(Int64(row) << 20 + 1, row: row) }

        #expect(index.note(1, row: 9) == 0)
        #expect((0..<5_000).allSatisfy { index[Int64($0) << 20 + 1] == $0 })
        #expect(index[.max] == nil)
    }
}

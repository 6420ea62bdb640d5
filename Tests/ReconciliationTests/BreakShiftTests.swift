import Testing

@testable import Reconciliation

@Suite("What a transaction changes about the numbers of breaks")
struct BreakShiftTests {
    @Test("Whatever runs, time and hands do, the changes add up to the breaks there are")
    func addsUp() throws {
        var book = Casebook()
        var total: [BreakShift.Place: Int64] = [:]
        func count(_ shift: BreakShift) { total.merge(shift.amounts, uniquingKeysWith: +) }
        func run(_ found: [FoundBreak]) throws {
            let before = book.breaks.values.map(\.self)
            let outcome = try book.run(found)
            count(BreakShift(from: before, to: outcome.changed))
            #expect(total.filter { $0.value != 0 } == numbers(of: book))
        }

        book.grace = GracePolicy(byDefault: .seconds(15))
        try run([found("partial_fill volume 0.2 0.1")])
        try run([])
        try run([found("partial_fill volume 0.2 0.1")])
        book.wait(.seconds(15))
        let opened = book.elapse()
        var shift = BreakShift()
        shift.follow(try #require(book.first), opened)
        count(shift)
        #expect(total.filter { $0.value != 0 } == numbers(of: book))
        try run([found("volume_mismatch volume 0.1 0.2")])
        try run([])
        try run([found("volume_mismatch volume 0.1 0.2")])
        #expect(numbers(of: book).count == 1)
    }

    private func numbers(of book: Casebook) -> [BreakShift.Place: Int64] {
        var numbers: [BreakShift.Place: Int64] = [:]
        for item in book.breaks.values where item.status != .resolved {
            numbers[BreakShift.Place(breakClass: item.breakClass, status: item.status), default: 0] += 1
        }
        return numbers
    }
}

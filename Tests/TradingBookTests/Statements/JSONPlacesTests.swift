import Testing

@testable import TradingBook

@Suite("Places in a JSON file")
struct JSONPlacesTests {
    private let text = """
        [
          {"a": "x,]}\\"", "b": [1, {"c~/d": true}]},
            {"a":-1.5,"b":[]} , null
        ]
        """

    @Test(
        "A pointer leads to its value, or to the innermost one around what is not there",
        arguments: [
            ("", 1, 1), ("/0", 2, 3), ("/0/a", 2, 9), ("/0/b", 2, 24), ("/0/b/0", 2, 25), ("/0/b/1", 2, 28),
            ("/0/b/1/c~0~1d", 2, 37), ("/1", 3, 5), ("/1/a", 3, 10), ("/2", 3, 25), ("/1/missing", 3, 5), ("/9", 1, 1),
            ("/0/a/b", 2, 9), ("/x", 1, 1), ("/1/b/0", 3, 19),
        ]
    )
    func places(pointer: String, line: Int, column: Int) {
        var places = JSONPlaces(Array(text.utf8))

        #expect(places.place(of: pointer) == .init(line: line, column: column))
    }

    @Test("Going back in the document finds the same places as going forward")
    func anyOrder() {
        let pointers = ["/0/b/1/c~0~1d", "/2", "/1/a", "/0", "/1/b", "/0/a", ""]
        let expected = pointers.map { pointer in
            var places = JSONPlaces(Array(text.utf8))
            return places.place(of: pointer)
        }
        var places = JSONPlaces(Array(text.utf8))

        #expect(pointers.map { places.place(of: $0) } == expected)
    }

    @Test("Text that is not even JSON has places and no traps")
    func noJSON() {
        for length in 0..<text.utf8.count {
            var places = JSONPlaces(Array(text.utf8.prefix(length)))
            for pointer in ["", "/0/b/1/c~0~1d", "/1/a", "/2"] { #expect(places.place(of: pointer).line >= 1) }
        }
    }
}

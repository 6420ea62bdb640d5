import Glibc
import PluginAPI
import PluginTesting
import Testing

@testable import ConcordTesting

@Suite("Golden replies")
struct GoldenReplyTests {
    @Test("What is recorded is the same afterwards, and another answer is told by file and place")
    func recorded() throws {
        let directory = try TemporaryDirectory()
        defer { Rubbish.remove(directory) }
        let reply = try JSONValue(parsing: Array(#"{"rows":[{"symbol":"EURUSD","lots":0.30}],"n":1}"#.utf8))
        try golden(in: directory, isRecording: true).compare(reply)

        try golden(in: directory).compare(reply)
        let other = try JSONValue(parsing: Array(#"{"rows":[{"symbol":"EURUSD","lots":0.3}],"n":1}"#.utf8))
        let mismatch = #expect(throws: GoldenMismatch.self) { try golden(in: directory).compare(other) }

        #expect(mismatch?.pointer == "/rows/0/lots")
        #expect(
            mismatch?.description
                == "\(directory.path)/Golden/by-symbol.json: at /rows/0/lots: is 0.3, and 0.30 is kept")
    }

    @Test("A file that is not there is told of, with how it is written")
    func absent() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let mismatch = #expect(throws: GoldenMismatch.self) { try golden(in: directory).compare(.null) }
        #expect(
            mismatch?.description
                == "\(directory.path)/Golden/by-symbol.json: there is no such file; CONCORD_RECORD=1 writes it, for review"
        )
    }

    @Test(
        "The first difference is named by its place",
        arguments: [
            (#"{"a":1}"#, #"{"a":1}"#, nil, nil),
            (#"{"a":1}"#, #"{"a":"1"}"#, "/a", #"is 1, and "1" is kept"#),
            (#"{"a":1,"b":2}"#, #"{"a":1}"#, "/b", "is 2, and nothing is kept"),
            (#"{"a":1}"#, #"{"a":1,"b":{"c":[]}}"#, "/b", #"is missing, and {"c": []} is kept"#),
            (#"{"b":2,"a":1}"#, #"{"a":1,"b":2}"#, "", "has its members in another order"),
            (#"[1,2]"#, #"[1,2,3]"#, "", "has 2 elements, and 3 are kept"),
            (#"[1,[2,{"x/y~z":4}]]"#, #"[1,[2,{"x/y~z":5}]]"#, "/1/1/x~1y~0z", "is 4, and 5 is kept"),
            (#"1.0"#, #"1.00"#, "", "is 1.0, and 1.00 is kept"),
        ]
    )
    func differences(found: String, kept: String, pointer: String?, detail: String?) throws {
        let difference = JSONDifference(
            of: try JSONValue(parsing: Array(found.utf8)), from: try JSONValue(parsing: Array(kept.utf8)))

        #expect(difference?.pointer == pointer)
        #expect(difference?.detail == detail)
    }

    @Test("A document is written for reading, and reads back as itself")
    func lines() throws {
        let text = #"{"a":[1,{"b":"x\ny"}],"c":[],"d":{},"e":null,"f":true}"#
        let document = try JSONValue(parsing: Array(text.utf8))

        let lines = document.lines()

        #expect(lines.hasPrefix("{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\\ny\"\n    }\n  ],\n  \"c\": [],"))
        #expect(try JSONValue(parsing: Array(lines.utf8)) == document)
    }

    private func golden(in directory: TemporaryDirectory, isRecording: Bool = false) -> GoldenReply {
        GoldenReply("by-symbol", beside: "\(directory.path)/Tests.swift", isRecording: isRecording)
    }
}

/// A temporary directory holds files only; these tests put a folder into one.
private enum Rubbish {
    static func remove(_ directory: TemporaryDirectory) {
        unlink("\(directory.path)/Golden/by-symbol.json")
        rmdir("\(directory.path)/Golden")
        directory.remove()
    }
}

/// Finds where values stand in the text of a JSON document, by their pointers (RFC 6901).
///
/// The document has been parsed already, so only its structure is followed. Problems come in the document's order, and
/// each search goes on where the one before it ended: all of a file's are found in one pass.
struct JSONPlaces {
    /// Line and column, both from 1; a column is a byte, as in a syntax error.
    struct Place: Equatable {
        var line: Int
        var column: Int
    }

    private let bytes: [UInt8]
    /// The element visited last of an array, by where the array begins.
    private var visited: [Int: (index: Int, offset: Int)] = [:]
    /// Where counting lines has come to: an offset, its line, and where that line begins.
    private var counted = (offset: 0, line: 1, start: 0)

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The place of the value, or of the innermost value around it when it is not there, such as a missing member.
    mutating func place(of pointer: String) -> Place {
        var offset = skipSpace(0)
        for part in pointer.split(separator: "/") {
            let name = part.replacing("~1", with: "/").replacing("~0", with: "~")
            let next =
                switch byte(offset) {
                case UInt8(ascii: "["): Int(name).flatMap { element($0, ofArrayAt: offset) }
                case UInt8(ascii: "{"): member(Array(name.utf8), ofObjectAt: offset)
                default: Int?.none
                }
            guard let next else { break }
            offset = next
        }
        return place(at: offset)
    }

    private mutating func place(at offset: Int) -> Place {
        if offset < counted.offset { counted = (0, 1, 0) }
        for index in counted.offset..<min(offset, bytes.count) where bytes[index] == 0x0A {
            counted.line += 1
            counted.start = index + 1
        }
        counted.offset = offset
        return Place(line: counted.line, column: offset - counted.start + 1)
    }

    // MARK: Structure

    private mutating func element(_ wanted: Int, ofArrayAt start: Int) -> Int? {
        var (index, offset) = (0, skipSpace(start + 1))
        if let last = visited[start], last.index <= wanted { (index, offset) = last }
        while index < wanted {
            offset = skipSpace(end(ofValueAt: offset))
            guard byte(offset) == UInt8(ascii: ",") else { return nil }
            offset = skipSpace(offset + 1)
            index += 1
        }
        visited[start] = (index, offset)
        return byte(offset) == UInt8(ascii: "]") ? nil : offset
    }

    private func member(_ name: [UInt8], ofObjectAt start: Int) -> Int? {
        var offset = skipSpace(start + 1)
        while byte(offset) == UInt8(ascii: "\"") {
            let nameEnd = end(ofValueAt: offset)
            let isWanted = bytes[(offset + 1)..<max(offset + 1, nameEnd - 1)].elementsEqual(name)
            let value = skipSpace(skipSpace(nameEnd) + 1)
            if isWanted { return value }
            offset = skipSpace(end(ofValueAt: value))
            guard byte(offset) == UInt8(ascii: ",") else { return nil }
            offset = skipSpace(offset + 1)
        }
        return nil
    }

    /// The offset behind the value that begins at `start`.
    private func end(ofValueAt start: Int) -> Int {
        var offset = start
        var depth = 0
        repeat {
            switch byte(offset) {
            case nil: return bytes.count
            case UInt8(ascii: "\""): offset = end(ofStringAt: offset)
            case UInt8(ascii: "{"), UInt8(ascii: "["): (depth, offset) = (depth + 1, offset + 1)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): (depth, offset) = (depth - 1, offset + 1)
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: offset = end(ofWordAt: offset)
            }
        } while depth > 0
        return offset
    }

    private func end(ofStringAt start: Int) -> Int {
        var offset = start + 1
        while let byte = byte(offset), byte != UInt8(ascii: "\"") {
            offset += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(offset + 1, bytes.count)
    }

    /// A number, `true`, `false` or `null`.
    private func end(ofWordAt start: Int) -> Int {
        var offset = start
        while let byte = byte(offset), !",:]}[{\" \t\n\r".utf8.contains(byte) { offset += 1 }
        return offset
    }

    private func skipSpace(_ start: Int) -> Int {
        var offset = start
        while let byte = byte(offset), byte == 0x20 || (0x09...0x0D).contains(byte) { offset += 1 }
        return min(offset, bytes.count)
    }

    private func byte(_ offset: Int) -> UInt8? { bytes.indices.contains(offset) ? bytes[offset] : nil }
}

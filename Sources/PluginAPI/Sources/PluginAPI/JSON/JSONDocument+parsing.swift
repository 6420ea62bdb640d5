extension JSONDocument {
    /// Parses one document; anything but white space after it is an error.
    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONSyntaxError) {
        self = try JSONDocument.scan(bytes, limits) { (scanner) throws(JSONSyntaxError) in try scanner.document() }
    }

    /// Parses one document a line, as the elements of one array; lines of white space are left out.
    public init(parsingLines bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONSyntaxError) {
        self = try JSONDocument.scan(bytes, limits) { (scanner) throws(JSONSyntaxError) in try scanner.lines() }
    }

    private static func scan(
        _ bytes: [UInt8], _ limits: JSONLimits, _ body: (inout JSONScanner) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) -> JSONDocument {
        guard bytes.count <= bytesMax else {
            throw JSONSyntaxError(detail: "is longer than \(bytesMax) bytes", line: 1, column: 1)
        }
        // Most documents have a value in every four bytes at most. A denser one is scanned again with more room.
        var room = bytes.count / 4 + 8
        while true {
            if let document = try scan(bytes, limits, room: room, body) { return document }
            room *= 2
        }
    }

    /// - Returns: `nil` if there is no room for all values and names.
    private static func scan(
        _ bytes: [UInt8],
        _ limits: JSONLimits,
        room: Int,
        _ body: (inout JSONScanner) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) -> JSONDocument? {
        var failure: JSONSyntaxError?
        var isOutOfRoom = false
        var decoded: [UInt8] = []
        let entries = [Entry](unsafeUninitializedCapacity: room) { entries, count in
            bytes.withUnsafeBufferPointer { buffer in
                var scanner = JSONScanner(JSONText(buffer, limits: limits), into: EntryRoom(entries))
                do throws(JSONSyntaxError) { try body(&scanner) } catch { failure = error }
                (isOutOfRoom, decoded, count) = (scanner.isOutOfRoom, scanner.decoded, scanner.close())
            }
        }
        if isOutOfRoom { return nil }
        if let failure { throw failure }
        return JSONDocument(bytes: bytes, decoded: decoded, entries: entries)
    }
}

extension JSONValue {
    /// Parses one document; anything but white space after it is an error.
    public init(parsing bytes: some Sequence<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONSyntaxError) {
        self = try JSONDocument(parsing: Array(bytes), limits: limits).tree()
    }
}

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
        return try bytes.withUnsafeBufferPointer { (buffer) throws(JSONSyntaxError) in
            var scanner = JSONScanner(buffer, limits: limits)
            try body(&scanner)
            return JSONDocument(bytes: bytes, decoded: scanner.decoded, entries: scanner.entries)
        }
    }
}

extension JSONValue {
    /// Parses one document; anything but white space after it is an error.
    public init(parsing bytes: some Sequence<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONSyntaxError) {
        self = try JSONDocument(parsing: Array(bytes), limits: limits).tree()
    }
}

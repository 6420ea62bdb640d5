public import PluginAPI

/// Takes a request's bytes as JSON: one document, an array of rows, or one row a line.
public enum JSONBody {
    /// Rows of one request at most.
    static let rowsMax = 20_000

    /// Takes the object in a body by the names and rules that `take` reads it by, or refuses it with every problem at once.
    ///
    /// - Parameters:
    ///   - fields: Every member that the object may have.
    ///   - name: What the refusal calls the body.
    ///   - take: Gives `nil` when, and only when, it has met a problem.
    /// - Throws: 400 for what is no object, 422 for one that breaks rules.
    public static func read<Body>(
        _ bytes: [UInt8],
        fields: [String],
        as name: String,
        _ take: (ObjectReader) -> Body?
    ) throws(Problem) -> Body {
        let problems = BodyProblems()
        let body = ObjectReader(try object(bytes), at: "", fields: fields, problems: problems).flatMap(take)
        try problems.refuseIfAny(name)
        guard let body else { preconditionFailure("the \(name) was not read, and without a problem") }
        return body
    }

    /// The object in the body; anything else is 400.
    static func object(_ bytes: [UInt8]) throws(Problem) -> JSONValue {
        let value = try document(bytes)
        guard case .object = value else { throw .badRequest("The body must be an object, not \(value.kindName).") }
        return value
    }

    /// The elements of the array in the body, or for `application/x-ndjson` the documents on its lines, empty lines left out.
    static func rows(_ bytes: [UInt8], contentType: String?) throws(Problem) -> [JSONValue] {
        let rows = contentType == "application/x-ndjson" ? try lines(bytes) : try elements(bytes)
        guard rows.count <= rowsMax else {
            throw .tooLarge("The body has \(rows.count) rows; at most \(rowsMax) are taken at once.")
        }
        return rows
    }

    private static func elements(_ bytes: [UInt8]) throws(Problem) -> [JSONValue] {
        let value = try document(bytes)
        guard case .array(let rows) = value else {
            throw .badRequest("The body must be an array of rows, not \(value.kindName).")
        }
        return rows
    }

    private static func lines(_ bytes: [UInt8]) throws(Problem) -> [JSONValue] {
        var rows: [JSONValue] = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            rows.append(try document(Array(line), lineOffset: index))
        }
        return rows
    }

    private static func document(_ bytes: [UInt8], lineOffset: Int = 0) throws(Problem) -> JSONValue {
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .badRequest(
                "The body is not JSON: it \(error.detail) (line \(error.line + lineOffset), column \(error.column)).")
        }
    }
}

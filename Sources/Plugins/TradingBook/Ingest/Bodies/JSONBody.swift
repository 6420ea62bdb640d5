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
        _ take: (inout ObjectReader) -> Body?
    ) throws(Problem) -> Body {
        let problems = BodyProblems()
        var reader = ObjectReader(try object(bytes), FieldList(fields), problems)
        let body = reader.open(0, at: .body) ? take(&reader) : nil
        try problems.refuseIfAny(name)
        guard let body else { preconditionFailure("the \(name) was not read, and without a problem") }
        return body
    }

    /// The document in the body, which is an object; anything else is 400.
    static func object(_ bytes: [UInt8]) throws(Problem) -> JSONDocument {
        let json = try document { () throws(JSONSyntaxError) in try JSONDocument(parsing: bytes) }
        guard json.kind(of: 0) == .object else {
            throw .badRequest("The body must be an object, not \(json.kind(of: 0).name).")
        }
        return json
    }

    /// An array: the one in the body, or for `application/x-ndjson` the documents on its lines, empty lines left out.
    static func rows(_ bytes: [UInt8], contentType: String?) throws(Problem) -> JSONDocument {
        let json = try document { () throws(JSONSyntaxError) in
            contentType == "application/x-ndjson"
                ? try JSONDocument(parsingLines: bytes) : try JSONDocument(parsing: bytes)
        }
        guard json.kind(of: 0) == .array else {
            throw .badRequest("The body must be an array of rows, not \(json.kind(of: 0).name).")
        }
        guard json.count(of: 0) <= rowsMax else {
            throw .tooLarge("The body has \(json.count(of: 0)) rows; at most \(rowsMax) are taken at once.")
        }
        return json
    }

    private static func document(
        _ parse: () throws(JSONSyntaxError) -> JSONDocument
    ) throws(Problem) -> JSONDocument {
        do throws(JSONSyntaxError) {
            return try parse()
        } catch {
            throw .badRequest(
                "The body is not JSON: it \(error.detail) (line \(error.line), column \(error.column)).")
        }
    }
}

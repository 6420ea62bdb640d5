import PluginAPI

/// Everything that is wrong with one body, gathered while it is read so that the client hears all of it at once.
final class BodyProblems {
    /// More are counted, not listed: an answer must not outgrow the request.
    static let listedMax = 1_000

    private var items: [Problem.Item] = []
    private var total = 0

    func add(_ pointer: String, _ detail: String) {
        total += 1
        if items.count < BodyProblems.listedMax { items.append(Problem.Item(.pointer(pointer), detail)) }
    }

    /// Throws 422 with every problem, unless there is none.
    func refuseIfAny(_ what: String) throws(Problem) {
        guard total > 0 else { return }
        throw .unprocessable("The \(what) breaks \(total) \(total == 1 ? "rule" : "rules").", errors: items)
    }
}

/// Builds JSON pointers (RFC 6901).
enum JSONPointer {
    static func member(_ name: String, of pointer: String) -> String {
        var text = pointer + "/"
        for scalar in name.unicodeScalars.prefix(128) {
            switch scalar {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    static func element(_ index: Int, of pointer: String) -> String { "\(pointer)/\(index)" }
}

import Foundation

/// The answer that a server beside Concord gives to every request: headers and body that Concord has given.
///
/// A server is started as `PROGRAM PORT HEADERS BODY`: the port of the loopback interface, a file with one `Name: value` a
/// line, and a file with the body.
package struct StaticAnswer: Sendable {
    package let port: Int
    /// As they are written, `Content-Length` not among them.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    /// - Throws: A file that cannot be read. Arguments that are missing end the program with how it is called.
    package init(arguments: [String]) throws {
        guard arguments.count == 4, let port = Int(arguments[1]) else {
            print("usage: \(arguments[0]) PORT HEADERS BODY")
            exit(64)
        }
        self.port = port
        headers = try String(contentsOfFile: arguments[2], encoding: .utf8).split(separator: "\n").compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
        body = [UInt8](try Data(contentsOf: URL(fileURLWithPath: arguments[3])))
    }
}

import FoundationEssentials
public import PluginAPI

/// An answer that was looked at once and is kept in a file: a test compares with it what the service answers today.
///
/// ```swift
/// try GoldenReply("by-symbol").compare(reply)
/// ```
///
/// The file is `Golden/by-symbol.json` beside the test. `CONCORD_RECORD=1 swift test` writes it anew, for review. Numbers are
/// compared digit by digit, and members in their order: a reply is bytes.
public struct GoldenReply: Sendable {
    /// Where the file is.
    public let path: String
    private let isRecording: Bool

    /// - Parameters:
    ///   - name: Of the file, without its end.
    ///   - test: The test's own file; leave it out.
    public init(_ name: String, beside test: String = #filePath) {
        self.init(name, beside: test, isRecording: ProcessInfo.processInfo.environment["CONCORD_RECORD"] == "1")
    }

    init(_ name: String, beside test: String, isRecording: Bool) {
        let folder = test.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        path = "\(folder)/Golden/\(name).json"
        self.isRecording = isRecording
    }

    /// Compares an answer of status 200 with the file, or writes the file.
    ///
    /// - Throws: ``GoldenMismatch`` that names the file and the first place at which the two differ.
    public func compare(_ reply: TestReply) throws {
        guard reply.status == 200 else {
            throw GoldenMismatch(path: path, pointer: nil, detail: "the answer is \(reply.status): \(reply.text)")
        }
        try compare(reply.json)
    }

    /// Compares a document with the file, or writes the file.
    ///
    /// - Throws: ``GoldenMismatch``; or an error of the file system, when the file cannot be written.
    public func compare(_ json: JSONValue) throws {
        if isRecording { return try record(json) }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw GoldenMismatch(
                path: path, pointer: nil, detail: "there is no such file; CONCORD_RECORD=1 writes it, for review")
        }
        let kept: JSONValue
        do {
            kept = try JSONValue(parsing: Array(data), limits: JSONLimits(textMax: 1 << 24))
        } catch {
            throw GoldenMismatch(
                path: path, pointer: nil, detail: "line \(error.line), column \(error.column): \(error.detail)")
        }
        if let difference = JSONDifference(of: json, from: kept) {
            throw GoldenMismatch(path: path, pointer: difference.pointer, detail: difference.detail)
        }
    }

    private func record(_ json: JSONValue) throws {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data((json.lines() + "\n").utf8).write(to: URL(fileURLWithPath: path))
    }
}

/// How an answer differs from the one that is kept.
public struct GoldenMismatch: Error, Equatable, CustomStringConvertible, Sendable {
    /// The file.
    public let path: String
    /// The first place that differs, as a JSON pointer (RFC 6901); `nil` when there is nothing to compare.
    public let pointer: String?
    /// What is there now, and what is kept.
    public let detail: String

    public var description: String {
        guard let pointer else { return "\(path): \(detail)" }
        return "\(path): at \(pointer.isEmpty ? "the top" : pointer): \(detail)"
    }
}

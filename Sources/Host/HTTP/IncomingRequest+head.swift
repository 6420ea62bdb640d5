import HTTPTypes
import NIOHTTP1
import PluginAPI

extension IncomingRequest {
    /// A request as NIO's parser understood it; `nil` when its target, method or a field name is not what HTTP allows.
    ///
    /// - Parameter requestID: What it is called, when that is settled already.
    init?(
        _ head: HTTPRequestHead, peer: String, at now: Timestamp, deadline: ContinuousClock.Instant,
        requestID: String? = nil
    ) {
        guard let target = RequestTarget(head.uri), let method = HTTPRequest.Method(rawValue: head.method.rawValue),
            let headers = HTTPFields(head.headers), Self.hasOneHost(head)
        else { return nil }
        self.init(
            method: method, path: target.path, query: target.query, headers: headers, peer: peer,
            requestID: requestID ?? RequestID.accepting(head.headers["x-request-id"]), receivedAt: now,
            deadline: deadline)
    }

    /// Stands for a request that could not be read, so that its refusal is logged and answered like any other.
    static func unreadable(_ head: HTTPRequestHead?, peer: String, at now: Timestamp) -> IncomingRequest {
        IncomingRequest(
            method: head.flatMap { HTTPRequest.Method(rawValue: $0.method.rawValue) } ?? .get, path: "", headers: [:],
            peer: peer, requestID: RequestID.accepting(head?.headers["x-request-id"] ?? []), receivedAt: now)
    }

    /// RFC 9112, 3.2: HTTP/1.1 needs exactly one `Host`, whatever it says.
    private static func hasOneHost(_ head: HTTPRequestHead) -> Bool {
        let hosts = head.headers["host"]
        return hosts.count == 1 || hosts.isEmpty && head.version != .http1_1
    }
}

extension HTTPFields {
    /// The fields of a parsed head; `nil` when one is not a valid field.
    init?(_ headers: HTTPHeaders) {
        self.init()
        reserveCapacity(headers.count)
        for (name, value) in headers {
            // RFC 9110, 5.5: white space around a value is not part of it.
            let value = String(value.trimmingOptionalWhitespace)
            guard let name = HTTPField.Name(name), HTTPField.isValidValue(value) else { return nil }
            append(HTTPField(name: name, value: value))
        }
    }
}

extension String {
    fileprivate var trimmingOptionalWhitespace: Substring {
        var text = self[...]
        while text.utf8.first == 0x20 || text.utf8.first == 0x09 { text.removeFirst() }
        while text.utf8.last == 0x20 || text.utf8.last == 0x09 { text.removeLast() }
        return text
    }
}

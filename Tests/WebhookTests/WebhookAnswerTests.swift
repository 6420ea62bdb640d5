import PluginAPI
import Testing

@testable import Webhook

@Suite("What a receiver's answer means")
struct WebhookAnswerTests {
    private let now = Timestamp(seconds: 1_767_607_200)  // Mon, 05 Jan 2026 10:00:00 GMT

    @Test("Any 2xx takes the event", arguments: [200, 201, 202, 204, 299])
    func taken(status: Int) throws {
        try WebhookAnswer(status: status).check(at: now)
    }

    @Test("What will never be taken is refused for good", arguments: [400, 410, 413, 415, 422])
    func refused(status: Int) {
        #expect(throws: EventNotTaken.refused(reason: "the receiver answered \(status)")) {
            try WebhookAnswer(status: status).check(at: now)
        }
    }

    @Test("Everything else is tried again", arguments: [100, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504])
    func again(status: Int) {
        #expect(throws: EventNotTaken.tryAgain(after: nil, reason: "the receiver answered \(status)")) {
            try WebhookAnswer(status: status).check(at: now)
        }
    }

    @Test("A redirect is not followed, and says so", arguments: [301, 302, 307, 308])
    func redirect(status: Int) {
        let reason = "the receiver answered \(status); redirects are not followed"
        #expect(throws: EventNotTaken.tryAgain(after: nil, reason: reason)) {
            try WebhookAnswer(status: status).check(at: now)
        }
    }

    @Test(
        "Retry-After is seconds or a date; what is neither, or over, says nothing",
        arguments: [
            ("120", Duration.seconds(120)), ("0", .seconds(0)), ("-1", nil), ("999999999", .seconds(86_400)),
            ("Mon, 05 Jan 2026 10:02:00 GMT", .seconds(120)), ("Mon, 05 Jan 2026 09:00:00 GMT", nil), ("soon", nil),
        ] as [(String, Duration?)])
    func retryAfter(text: String, pause: Duration?) {
        #expect(throws: EventNotTaken.tryAgain(after: pause, reason: "the receiver answered 503")) {
            try WebhookAnswer(status: 503, retryAfter: text).check(at: now)
        }
    }
}

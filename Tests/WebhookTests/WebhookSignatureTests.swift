import PluginAPI
import Testing

@testable import Webhook

@Suite("What proves a request is Concord's")
struct WebhookSignatureTests {
    // Expected: printf '1767607200.{"id":"event_1"}' | openssl dgst -sha256 -hmac 'a secret of the desk'
    @Test("The signature is the HMAC-SHA256 of the time, a full stop and the body")
    func signature() {
        let signature = WebhookSignature(
            of: Array(#"{"id":"event_1"}"#.utf8), at: Timestamp(microseconds: 1_767_607_200_999_999),
            secret: Secret("a secret of the desk"))

        #expect(signature.text == "t=1767607200,v1=b333a26f6cccbde6cd680af5dcc9670f42f2884cd48e227b472c34dded9374f2")
    }
}

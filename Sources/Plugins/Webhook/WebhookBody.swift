import PluginAPI

/// What is sent of an event: the same bytes at every delivery.
enum WebhookBody {
    static func bytes(of event: Event) -> [UInt8] {
        var json = JSONWriter(reservingCapacity: event.data.utf8.count + 256)
        json.object { json in
            json.field("id", event.id)
            json.field("event", event.kind.rawValue)
            json.field("account_id", event.account)
            json.field("number", event.number)
            json.field("at", event.at)
            json.key("data")
            json.raw(event.data.utf8)
        }
        return json.bytes
    }
}

import HTTPTypes

extension OutgoingAnswer {
    /// A JSON body that must not be kept by anybody.
    static func json(_ body: [UInt8], status: HTTPResponse.Status = .ok) -> OutgoingAnswer {
        OutgoingAnswer(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"], body: body)
    }
}

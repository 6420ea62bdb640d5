import HTTPTypes
import PluginAPI

extension AdminModule {
    /// Writes the members of the module's object.
    func write(to json: inout JSONWriter) {
        json.field("id", descriptor.id)
        json.field("kind", kind)
        json.field("source", source.rawValue)
        json.field("summary", descriptor.summary)
        json.field("version", descriptor.version)
        json.field("stability", descriptor.stability.rawValue)
        json.arrayField("requires", of: descriptor.requires) { $0.string($1) }
        json.field("loaded", isLoaded)
        json.field("status", status.word)
        json.field("reason", status.reason)
        json.field("latency_ms", latency?.milliseconds)
        json.key("last_error")
        write(lastFault, to: &json)
        json.field("file", file)
        json.key("configuration")
        configuration.write(to: &json)
        json.key("limits")
        write(limits, to: &json)
        json.field("overdue_calls", overdueCalls)
        json.field("waiting_calls", waitingCalls)
        json.arrayField("routes", of: operations) { $0.string("\($1.method.rawValue) \($1.template)") }
        json.arrayField("operations", of: operations) { json, operation in
            json.object { json in operation.write(to: &json) }
        }
    }

    private func write(_ fault: ModuleFault?, to json: inout JSONWriter) {
        guard let fault else { return json.null() }
        json.object { json in
            json.field("at", fault.at)
            json.field("doing", fault.doing)
            json.field("reason", fault.reason)
        }
    }

    private func write(_ limits: ModuleLimits?, to json: inout JSONWriter) {
        guard let limits else { return json.null() }
        json.object { json in
            json.field("calls", limits.callsMax)
            json.field("queue", limits.waitingMax)
            json.field("deadline_ms", limits.deadline.milliseconds)
            json.field("reply_bytes", limits.replyMax)
            json.field("failures", limits.failuresMax)
            json.field("pause_ms", limits.pause.milliseconds)
        }
    }
}

extension BoundOperation {
    /// Writes the members of the operation's object.
    fileprivate func write(to json: inout JSONWriter) {
        json.field("name", operation.name)
        json.field("method", method.rawValue)
        json.field("path", template)
        json.field("summary", operation.summary)
        json.arrayField("roles", of: operation.roles.map(\.rawValue).sorted()) { $0.string($1) }
        json.field("ttl_ms", operation.method == .get ? ttl.milliseconds : nil)
        json.field("deadline_ms", deadline.milliseconds)
        json.field("reply_bytes", replyMax)
    }
}

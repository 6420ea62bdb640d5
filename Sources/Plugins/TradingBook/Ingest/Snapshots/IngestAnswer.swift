import PluginAPI

/// What a snapshot's sender is told: the run in a few figures.
struct IngestAnswer: Sendable, Equatable {
    var run: RunSummary?
    /// JSON, as the guards have put it; `nil` when they are not loaded or had nothing to judge.
    var guardsJSON: String?
    var isDuplicate = false
    var durationMilliseconds: Int64

    var bytes: [UInt8] {
        var json = JSONWriter(reservingCapacity: 256)
        json.object { json in
            json.field("run_id", run?.runID)
            json.field("verdict", run?.verdict.rawValue)
            json.field("matched", run?.matched ?? 0)
            json.objectField("breaks") {
                $0.field("opened", run?.opened ?? 0)
                $0.field("still_open", run?.stillOpen ?? 0)
                $0.field("resolved", run?.resolved ?? 0)
            }
            json.key("guards")
            if let guardsJSON { json.raw(guardsJSON.utf8) } else { json.null() }
            json.field("duplicate", isDuplicate)
            json.field("duration_ms", durationMilliseconds)
        }
        return json.bytes
    }

    /// The stored answer of a snapshot that has come again: the same in everything but `duplicate`.
    static func repeated(_ stored: String) throws -> [UInt8] {
        guard case .object(var members) = try JSONValue(parsing: stored.utf8) else {
            throw StoredRowDamaged(table: "snapshots", column: "answer")
        }
        let order = ["run_id", "verdict", "matched", "breaks", "guards", "duplicate", "duration_ms"]
        let breaks = ["opened", "still_open", "resolved"]
        members = members.map { member in
            member.name == "duplicate" ? .init(name: member.name, value: .boolean(true)) : member
        }
        var json = JSONWriter(reservingCapacity: stored.utf8.count + 8)
        json.object { json in
            for name in order {
                json.key(name)
                let value = JSONValue.object(members)[name] ?? .null
                if name == "breaks" {
                    json.object { json in
                        for name in breaks {
                            json.key(name)
                            json.canonical(value[name] ?? .number("0"))
                        }
                    }
                } else {
                    json.canonical(value)
                }
            }
        }
        return json.bytes
    }
}

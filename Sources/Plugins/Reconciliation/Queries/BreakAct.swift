import PluginAPI
import TradingBook

/// What somebody does to a break, as they have sent it.
enum BreakAct: Sendable, Equatable {
    /// - until: `nil` for as long as the configuration says.
    case acknowledge(note: String?, until: Timestamp?)
    case snooze(until: Timestamp)
    case resolve(BreakResolution, note: String?)
    case reopen(note: String?)

    /// The last part of the route.
    enum Kind: String, Sendable, CaseIterable {
        case acknowledge, snooze, resolve, reopen

        var summary: String {
            switch self {
            case .acknowledge: "Take note of a difference until it gets worse"
            case .snooze: "Mute a difference for a while"
            case .resolve: "Say that a difference is fixed, or may stay"
            case .reopen: "Take an acknowledgement or a resolution back"
            }
        }
    }

    var note: String? {
        switch self {
        case .acknowledge(let note, _), .resolve(_, let note), .reopen(let note): note
        case .snooze: nil
        }
    }

    /// Takes the step.
    ///
    /// - Parameter acknowledgeFor: How long an acknowledgement lasts that says nothing itself.
    func apply(
        to item: inout StoredBreak,
        _ origin: BreakStep.Origin,
        acknowledgeFor: Duration
    ) throws(BreakRefusal) -> BreakStep {
        switch self {
        case .acknowledge(_, let until):
            try item.acknowledge(until: until ?? origin.at + acknowledgeFor, origin)
        case .snooze(let until): try item.snooze(until: until, origin)
        case .resolve(let resolution, _): try item.resolve(as: resolution, origin)
        case .reopen: try item.reopenByHand(origin)
        }
    }
}

extension BreakAct {
    /// How far ahead an acknowledgement or a snooze may end.
    private static let aheadMax: Duration = .seconds(365 * 86_400)
    private static let noteBytesMax = 4_096

    /// Reads the body of the route. Nothing sent is an object without members.
    static func parse(_ kind: Kind, _ bytes: [UInt8], now: Timestamp) throws(Problem) -> BreakAct {
        let bytes = bytes.isEmpty ? Array("{}".utf8) : bytes
        switch kind {
        case .acknowledge:
            return try JSONBody.read(bytes, fields: ["note", "until"], as: "acknowledgement") { reader in
                .acknowledge(note: reader.optional("note", noteRule), until: reader.optional("until", untilRule(now)))
            }
        case .snooze:
            return try JSONBody.read(bytes, fields: ["until"], as: "snooze") { reader in
                reader.required("until", untilRule(now)).map { .snooze(until: $0) }
            }
        case .resolve:
            return try JSONBody.read(bytes, fields: ["resolution", "note"], as: "resolution", resolution)
        case .reopen:
            return try JSONBody.read(bytes, fields: ["note"], as: "reopening") { reader in
                .reopen(note: reader.optional("note", noteRule))
            }
        }
    }

    /// The words somebody may use; `auto` is a run's.
    private enum Resolution: String, CaseIterable {
        case fixed, accepted

        var resolution: BreakResolution {
            switch self {
            case .fixed: .fixed
            case .accepted: .accepted
            }
        }
    }

    /// Whatever may stay says why.
    private static func resolution(_ reader: inout ObjectReader) -> BreakAct? {
        let resolution = reader.required("resolution", MemberRule<Resolution>.choice)
        let note = resolution == .accepted ? reader.required("note", noteRule) : reader.optional("note", noteRule)
        return resolution.map { .resolve($0.resolution, note: note) }
    }

    private static var noteRule: MemberRule<String> { .note(bytesMax: noteBytesMax) }

    private static func untilRule(_ now: Timestamp) -> MemberRule<Timestamp> {
        .time.requiring { time in
            if time <= now { return "must be in the future" }
            return time > now + aheadMax ? "must be within 365 days from now" : nil
        }
    }

    static func body(_ kind: Kind) -> BodySchema {
        let all: Schema.Fields =
            switch kind {
            case .acknowledge: ["note": .optional(.text), "until": .optional(.timestamp)]
            case .snooze: ["until": .timestamp]
            case .resolve: ["resolution": .choice(Resolution.allCases.map(\.rawValue)), "note": .optional(.text)]
            case .reopen: ["note": .optional(.text)]
            }
        let optional = kind == .acknowledge ? ["note", "until"] : ["note"]
        return BodySchema(schema: .object(all.allowingAbsence(of: Set(optional))))
    }
}

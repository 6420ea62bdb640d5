import PluginAPI

/// The state machine of one break. Times are given; nothing here reads a clock.
///
/// ```
///  seen, inside grace ──► pending ──due──► open ◄───────────┐ larger, another class, or the acknowledgement expired
///                           │               └── ack ─► acknowledged
///           matched in time │               │                │
///                           ▼               ▼                ▼
///                        (dropped)      resolved (auto | fixed | accepted)
///                                           │ seen again: reopened, same ID
///  snoozed is a mute on open and acknowledged: notices stop, counts do not
/// ```
extension StoredBreak {
    // MARK: What runs and time do

    /// The first step: pending, or open where there is no grace.
    mutating func begin(_ origin: BreakStep.Origin) -> BreakStep {
        guard dueAt <= origin.at else { return step(.seen, from: nil, to: .pending, origin) }
        openedAt = origin.at
        return step(.opened, from: nil, to: .open, origin)
    }

    /// Does everything that the time up to `origin` has left to do.
    mutating func elapse(_ origin: BreakStep.Origin) -> [BreakStep] {
        var steps: [BreakStep] = []
        if status == .pending, dueAt <= origin.at {
            openedAt = origin.at
            steps.append(step(.opened, from: .pending, to: .open, origin))
        }
        if let until = snoozedUntil, until <= origin.at {
            snoozedUntil = nil
            steps.append(step(.unsnoozed, from: status, to: status, origin))
        }
        if status == .acknowledged, let until = acknowledgedUntil, until <= origin.at {
            steps.append(reopen(origin.noting("the acknowledgement has expired")))
        }
        return steps
    }

    /// Holds the break against what was acknowledged or accepted, and against what was said to be fixed.
    ///
    /// - Parameters:
    ///   - before: Its class before this run.
    ///   - object: That it is about another thing than before, if it is.
    mutating func reconsider(
        _ origin: BreakStep.Origin,
        classBefore before: BreakClass,
        object: ObjectChange?
    ) throws -> BreakStep? {
        switch status {
        case .pending: return nil
        case .open:
            let note = before == breakClass ? object?.note : "it was \(before.rawValue)"
            return note.map { step(.changed, from: .open, to: .open, origin.noting($0)) }
        case .acknowledged: return try notWhatItWas(object).map { reopen(origin.noting($0)) }
        case .resolved where resolution == .accepted: return try notWhatItWas(object).map { reopen(origin.noting($0)) }
        case .resolved:
            let note = resolution == .fixed ? "found again, although said to be fixed" : "found again"
            return reopen(origin.noting(note))
        }
    }

    /// A run no longer finds it.
    mutating func heal(_ origin: BreakStep.Origin) -> BreakStep { end(as: .auto, origin) }

    // MARK: What people do

    /// - Throws: ``BreakRefusal`` when it is neither open nor acknowledged.
    mutating func acknowledge(until: Timestamp, _ origin: BreakStep.Origin) throws(BreakRefusal) -> BreakStep {
        try requireLive()
        acknowledgedUntil = until
        baseline = Baseline(breakClass: breakClass, differences: differences)
        return step(.acknowledged, from: status, to: .acknowledged, origin, until: until)
    }

    /// - Throws: ``BreakRefusal`` when it is neither open nor acknowledged.
    mutating func snooze(until: Timestamp, _ origin: BreakStep.Origin) throws(BreakRefusal) -> BreakStep {
        try requireLive()
        snoozedUntil = until
        return step(.snoozed, from: status, to: status, origin, until: until)
    }

    /// - Throws: ``BreakRefusal`` when it is neither open nor acknowledged.
    mutating func resolve(
        as resolution: BreakResolution,
        _ origin: BreakStep.Origin
    ) throws(BreakRefusal) -> BreakStep {
        try requireLive()
        return end(as: resolution, origin)
    }

    /// Takes an acknowledgement or a resolution back, and a mute with it.
    ///
    /// - Throws: ``BreakRefusal`` when it is pending or open.
    mutating func reopenByHand(_ origin: BreakStep.Origin) throws(BreakRefusal) -> BreakStep {
        if status == .pending { throw .pending(dueAt: dueAt) }
        if status == .open { throw .open }
        snoozedUntil = nil
        return reopen(origin)
    }

    // MARK: Steps

    private func requireLive() throws(BreakRefusal) {
        if status == .pending { throw .pending(dueAt: dueAt) }
        if status == .resolved { throw .resolved }
    }

    /// Why the break is not what somebody took note of; `nil` when it is, or is less.
    private func notWhatItWas(_ object: ObjectChange?) throws -> String? {
        if let object { return object.note }
        guard let baseline else { return nil }
        return try BreakMeasure(breakClass, differences: differences).worsening(
            since: BreakMeasure(baseline.breakClass, differences: baseline.differences))?.note
    }

    private mutating func reopen(_ origin: BreakStep.Origin) -> BreakStep {
        let before = status
        resolution = nil
        resolvedAt = nil
        acknowledgedUntil = nil
        baseline = nil
        openedAt = origin.at
        return step(.reopened, from: before, to: .open, origin)
    }

    private mutating func end(as resolution: BreakResolution, _ origin: BreakStep.Origin) -> BreakStep {
        let before = status
        self.resolution = resolution
        resolvedAt = origin.at
        acknowledgedUntil = nil
        snoozedUntil = nil
        baseline =
            resolution == .accepted ? Baseline(breakClass: breakClass, differences: differences) : nil
        return step(.resolved, from: before, to: .resolved, origin)
    }

    private mutating func step(
        _ name: BreakStep.Name,
        from: BreakStatus?,
        to: BreakStatus,
        _ origin: BreakStep.Origin,
        until: Timestamp? = nil
    ) -> BreakStep {
        eventsTotal += 1
        status = to
        return BreakStep(
            breakID: id, sequence: eventsTotal, name: name, from: from, to: to,
            resolution: to == .resolved ? resolution : nil, until: until, origin: origin)
    }
}

import PluginAPI

/// How long a difference may be seen before it opens as a break, by class.
public struct GracePolicy: Sendable, Equatable {
    /// For classes that are not named.
    public var byDefault: Duration
    public var byClass: [BreakClass: Duration]

    /// Opens at once unless told otherwise.
    public init(byDefault: Duration = .zero, byClass: [BreakClass: Duration] = [:]) {
        self.byDefault = byDefault
        self.byClass = byClass
    }

    /// The grace of a class.
    public func grace(for breakClass: BreakClass) -> Duration { byClass[breakClass] ?? byDefault }

    var canonicalParts: [String] {
        ["grace"] + BreakClass.allCases.map { "\(grace(for: $0).wholeMicroseconds)" }
    }
}

import ArgumentParser
import PluginAPI

/// A moment as an argument: ISO 8601 with a zone, such as `2026-01-05T10:00:00Z`.
struct MomentArgument: ExpressibleByArgument {
    let moment: Timestamp

    init?(argument: String) {
        guard let moment = Timestamp(parsing: argument) else { return nil }
        self.moment = moment
    }
}

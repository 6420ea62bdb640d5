import PluginAPI
import Testing

@testable import TradingBook

@Suite("A time zone rule")
struct TimeZoneRuleTests {
    @Test(
        "Turns the broker's clock into UTC, summer time included",
        arguments: [
            ("UTC", "2026-07-01T12:00:00", "2026-07-01T12:00:00Z"),
            ("UTC+02:00", "2026-07-01T12:00:00", "2026-07-01T10:00:00Z"),
            ("UTC-03:30", "2026-07-01T12:00:00", "2026-07-01T15:30:00Z"),
            ("Europe/London", "2026-01-09T21:00:00", "2026-01-09T21:00:00Z"),
            ("Europe/London", "2026-07-09T21:00:00", "2026-07-09T20:00:00Z"),
            ("Asia/Kolkata", "2026-07-09T00:00:00", "2026-07-08T18:30:00Z"),
            ("America/New_York+07:00", "2026-01-09T12:00:00", "2026-01-09T10:00:00Z"),
            ("America/New_York+07:00", "2026-07-09T12:00:00", "2026-07-09T09:00:00Z"),
            // The American weeks of March, in which Europe has not changed yet.
            ("America/New_York+07:00", "2026-03-10T12:00:00", "2026-03-10T09:00:00Z"),
            ("Pacific/Auckland", "2026-01-01T00:00:00", "2025-12-31T11:00:00Z"),
            ("Europe/London", "1970-06-01T12:00:00", "1970-06-01T11:00:00Z"),
            ("Europe/Berlin", "2060-07-01T12:00:00", "2060-07-01T10:00:00Z"),
        ]
    )
    func conversion(rule: String, local: String, utc: String) throws {
        let zone = try #require(TimeZoneRule(parsing: rule))

        #expect(zone.timestamp(of: try civil(local)).description == utc)
    }

    @Test(
        "Reads a repeated hour as its first and moves a missing one forward",
        arguments: [
            // London, 2026-03-29: 01:00 to 02:00 is skipped.
            ("Europe/London", "2026-03-29T00:59:59", "2026-03-29T00:59:59Z"),
            ("Europe/London", "2026-03-29T01:00:00", "2026-03-29T01:00:00Z"),
            ("Europe/London", "2026-03-29T01:30:00", "2026-03-29T01:30:00Z"),
            ("Europe/London", "2026-03-29T02:00:00", "2026-03-29T01:00:00Z"),
            // London, 2026-10-25: 01:00 to 02:00 comes twice.
            ("Europe/London", "2026-10-25T00:59:59", "2026-10-24T23:59:59Z"),
            ("Europe/London", "2026-10-25T01:30:00", "2026-10-25T00:30:00Z"),
            ("Europe/London", "2026-10-25T02:00:00", "2026-10-25T02:00:00Z"),
            // New York changes at 02:00, which the server's clock shows as 09:00.
            ("America/New_York+07:00", "2026-03-08T08:59:59", "2026-03-08T06:59:59Z"),
            ("America/New_York+07:00", "2026-03-08T09:30:00", "2026-03-08T07:30:00Z"),
            ("America/New_York+07:00", "2026-03-08T10:00:00", "2026-03-08T07:00:00Z"),
            ("America/New_York+07:00", "2026-11-01T08:30:00", "2026-11-01T05:30:00Z"),
            // Lord Howe's clock moves by half an hour.
            ("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:45:00Z"),
            ("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z"),
        ]
    )
    func changes(rule: String, local: String, utc: String) throws {
        let zone = try #require(TimeZoneRule(parsing: rule))

        #expect(zone.timestamp(of: try civil(local)).description == utc)
    }

    @Test(
        "Is refused when it is no IANA name and no distance",
        arguments: [
            "", " ", "Mars/Olympus", "UTC+2", "UTC+02", "UTC+02:60", "UTC+15:00", "UTC+0a:00", "UTC 02:00", "GMT+3",
            "+02:00", "America/New_York+7:00", "America/New_York+07:00+01:00", "../../etc/passwd", "Europe/Lond\u{F6}n",
            "Europe/London\n", "/Europe/London",
        ])
    func refused(_ text: String) {
        #expect(TimeZoneRule(parsing: text) == nil)
    }

    private func civil(_ text: String) throws -> CivilTime {
        let moment = try #require(Timestamp(parsing: text + "Z"))
        return CivilTime(secondsSinceEpoch: moment.microseconds / 1_000_000)
    }
}

import PluginAPI
import Testing

@Suite("A timestamp")
struct TimestampTests {
    @Test(
        "Is read with any offset and written in UTC",
        arguments: [
            ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z"), ("2026-01-05t10:00:00z", "2026-01-05T10:00:00Z"),
            ("2026-01-05 10:00:00Z", "2026-01-05T10:00:00Z"), ("2026-01-05T10:00:00+02:00", "2026-01-05T08:00:00Z"),
            ("2026-01-05T10:00:00-05:30", "2026-01-05T15:30:00Z"),
            ("2026-01-05T10:00:00.5Z", "2026-01-05T10:00:00.500Z"),
            ("2026-01-05T10:00:00.123456Z", "2026-01-05T10:00:00.123456Z"),
            ("2026-01-05T10:00:00.123456789Z", "2026-01-05T10:00:00.123456Z"),
            ("2026-01-05T10:00:00.000Z", "2026-01-05T10:00:00Z"), ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"),
            ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ]
    )
    func roundTrip(text: String, written: String) throws {
        let time = try #require(Timestamp(parsing: text))

        #expect(time.description == written)
        #expect(Timestamp(parsing: written) == time)
    }

    @Test(
        "Is refused without a zone, and when a part of it does not exist",
        arguments: [
            "", "2026-01-05", "2026-01-05T10:00:00", "2026-01-05T10:00Z", "2026-01-05T10:00:00.Z", "2026-1-5T10:00:00Z",
            "2026-13-05T10:00:00Z", "2026-00-05T10:00:00Z", "2026-01-32T10:00:00Z", "2026-01-00T10:00:00Z",
            "2023-02-29T10:00:00Z", "2100-02-29T10:00:00Z", "2026-04-31T10:00:00Z", "2026-01-05T24:00:00Z",
            "2026-01-05T10:60:00Z", "2026-01-05T10:00:60Z", "2026-01-05T10:00:00Z ", " 2026-01-05T10:00:00Z",
            "2026-01-05T10:00:00+0200", "2026-01-05T10:00:00+24:00", "2026-01-05T10:00:00+02:60",
            "2026-01-05T10:00:00UTC",
            "0000-01-01T00:00:00Z", "2026-01-05T10:00:00.1234567890Z", "2026-01-05T10:00:00ZZ", "٢٠٢٦-01-05T10:00:00Z",
            "2026-01-05T10:00:00+02:00Z", "1767607200",
        ])
    func refused(_ text: String) {
        #expect(Timestamp(parsing: text) == nil)
    }

    @Test("Civil time and seconds are each other's inverse, on every day of four hundred years and around them")
    func civilRoundTrip() {
        var previous: CivilTime?
        for day in stride(from: Int64(-80_000), through: 80_000, by: 1) {
            let civil = CivilTime(secondsSinceEpoch: day * 86_400 + 3_723)
            #expect(civil.secondsSinceEpoch == day * 86_400 + 3_723)
            let isNextDay = previous.map { isFollowed($0, by: civil) } ?? true
            #expect(isNextDay, "\(civil)")
            previous = civil
        }
    }

    @Test("A day that a month does not have is no civil time")
    func civilBounds() {
        #expect(CivilTime(year: 2024, month: 2, day: 29) != nil)
        #expect(CivilTime(year: 1900, month: 2, day: 29) == nil)
        #expect(CivilTime(year: 2026, month: 6, day: 31) == nil)
        #expect(CivilTime(year: 10_000, month: 1, day: 1) == nil)
        #expect(CivilTime(year: 2026, month: 1, day: 1, hour: -1) == nil)
    }

    @Test("Durations move a moment and measure the distance of two")
    func durations() {
        let start = Timestamp(seconds: 1_000)

        #expect((start + .milliseconds(1_500)).microseconds == 1_001_500_000)
        #expect((start - .seconds(2)).since(start) == .seconds(-2))
        #expect(Duration.seconds(Int64.max).wholeMicroseconds == .max)
        #expect(Duration.seconds(Int64.min + 1).wholeMicroseconds == .min)
    }

    private func isFollowed(_ day: CivilTime, by next: CivilTime) -> Bool {
        if next.day == day.day + 1 { return next.month == day.month && next.year == day.year }
        guard next.day == 1, day.day >= 28 else { return false }
        return next.month == day.month + 1 && next.year == day.year
            || next.month == 1 && day.month == 12 && next.year == day.year + 1
    }
}

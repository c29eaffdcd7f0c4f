import Testing

@testable import Persistence

@Suite struct LedgerTimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (Sample.time, "2026-01-31T09:05:00.250Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        ] as [(Int64, String)])
    func timesAreShownInUTC(milliseconds: Int64, text: String) {
        #expect(LedgerTime.format(milliseconds) == text)
        #expect(LedgerTime.parse(text, now: 0) == milliseconds)
    }

    @Test(
        arguments: [
            ("now", Sample.time),
            ("today", 1_769_817_600_000),
            ("yesterday", 1_769_731_200_000),
            ("90s", Sample.time - 90_000),
            ("2h", Sample.time - 7_200_000),
            ("30d", Sample.time - 2_592_000_000),
            ("1d12h", Sample.time - 129_600_000),
            ("1w", Sample.time - 604_800_000),
            ("2026-01-31", 1_769_817_600_000),
            ("2026-01-31 09:05", 1_769_850_300_000),
            ("2026-01-31T09:05:00.25Z", Sample.time),
            ("2026-01-31T09:05:00.2501239Z", Sample.time),
            ("2026-01-31t10:05:00.250+01:00", Sample.time),
            ("2026-01-31 03:35:00.250-05:30", Sample.time),
        ] as [(String, Int64)])
    func usersMayWriteTimesInManyWays(text: String, time: Int64) {
        #expect(LedgerTime.parse(text, now: Sample.time) == time)
    }

    @Test(arguments: [
        "", " ", "2", "h", "2x", "-2h", "2026", "2026-13-01", "2026-02-29", "2026-00-10", "2026-1-1", "2026-01-31 9:05",
        "2026-01-31 24:00", "2026-01-31 09:60", "2026-01-31 09:05:61", "2026-01-31 09:05:00.", "2026-01-31 09:05 ",
        "2026-01-31Z", "2026-01-31T09:05:00+1", "99999999999999999999d", "٢h", "2026-01-31T09:05:00Zx",
    ])
    func nonsenseIsNoTime(text: String) {
        #expect(LedgerTime.parse(text, now: Sample.time) == nil)
    }
}

import Testing

@testable import Persistence

@Suite struct PoolStatementTests {
    private static let day: Int64 = 86_400_000
    /// 2026-01-31
    private static let start: Int64 = 1_769_817_600_000

    private static func read(
        _ text: String,
        _ change: (inout PoolStatementFormat) -> Void = { _ in }
    ) throws -> PoolStatement {
        var format = PoolStatementFormat()
        change(&format)
        return try format.read(CSVTable(Array(text.utf8)))
    }

    @Test func columnsAreGuessedAndSaid() throws {
        let statement = try Self.read(
            "Date,Worker Name,Accepted Difficulty,Fee\n2026-01-31,rig1,1000,0\n2026-02-01,rig1,2000,0\n"
        )
        #expect(statement.rows.map(\.worker) == ["rig1", "rig1"])
        #expect(statement.rows.map(\.credited) == [1_000, 2_000])
        #expect(statement.rows.map(\.period.lowerBound) == [Self.start, Self.start + Self.day])
        #expect(statement.rows.map(\.period.upperBound) == [Self.start + Self.day, Self.start + 2 * Self.day])
        #expect(
            statement.notes == [
                "column 'Date' is taken for the time", "column 'Accepted Difficulty' is taken for the work",
                "column 'Worker Name' is taken for the worker",
                "each row's period is taken to last until the next row's time: 86400 s",
            ]
        )
    }

    @Test(arguments: [
        "2026-01-31", "2026-01-31T00:00:00Z", "2026-01-31 00:00", "2026-01-31T08:00:00+08:00", "1769817600",
        "1769817600000", "1769817600.0",
    ])
    func timesAreUnderstood(text: String) throws {
        let statement = try Self.read("time,work\n\(text),1\n") { $0.period = 60_000 }
        #expect(statement.rows.map(\.period) == [Self.start..<Self.start + 60_000])
    }

    @Test func unitsBecomeDifficulty() throws {
        func credited(_ work: String, _ unit: PoolStatementFormat.Unit) throws -> PoolStatement.Row? {
            try Self.read("time,worker,x\n2026-01-31,a,\(work)\n") {
                $0.period = Self.day
                $0.workColumn = "x"
                $0.unit = unit
                $0.shareDifficulty = 512
            }
            .rows.first
        }
        #expect(try credited("1e3", .difficulty)?.credited == 1_000)
        #expect(try credited("8589934592", .hashes)?.credited == 2)
        #expect(try credited("10", .shares)?.credited == 5_120)
        let daily = 1e12 * 86_400 / 4_294_967_296
        let terahashes = try #require(try credited("93.2", .ths))
        #expect(abs(terahashes.credited - 93.2 * daily) < 1e-6 * daily)
        #expect(abs(terahashes.rounding - 0.05 * daily) < 1e-6 * daily)
        #expect(try credited("1", .phs)?.credited == credited("1000", .ths)?.credited)
        #expect(try credited("1000", .ghs)?.credited == credited("1", .ths)?.credited)
        #expect(try credited("10", .shares)?.rounding == 0)
    }

    @Test(arguments: [1, 8_192, 65_536, 4_294_967_296] as [Double])
    func hashesAreTakenInTheUnitOfTheProtocol(unit: Double) throws {
        func credited(_ work: String, _ kind: PoolStatementFormat.Unit) throws -> Double? {
            try Self.read("time,x\n2026-01-31,\(work)\n") {
                $0.period = 1_000_000
                $0.workColumn = "x"
                $0.unit = kind
                $0.shareDifficulty = 512
                $0.hashesPerDifficulty = unit
            }
            .rows.first?.credited
        }
        #expect(try credited("8589934592", .hashes) == 8_589_934_592 / unit)
        #expect(try credited("3", .ghs) == 3e12 / unit)
        #expect(try credited("10", .difficulty) == 10)
        #expect(try credited("10", .shares) == 5_120)
    }

    @Test func prefixIsStrippedAndSameRowsAreAddedUp() throws {
        let statement = try Self.read("time,worker,work\n2026-01-31,acc.a,1\n2026-01-31,a,2\n2026-01-31,acc.b,4\n") {
            $0.workerPrefix = "acc."
            $0.period = Self.day
        }
        #expect(statement.rows.map(\.worker) == ["a", "b"])
        #expect(statement.rows.map(\.credited) == [3, 4])
    }

    @Test func rowsWithoutWorkersAreAboutThePool() throws {
        let statement = try Self.read("start;end;work\n2026-01-31;2026-02-01;7\n")
        #expect(statement.rows.first?.worker == nil)
        #expect(statement.rows.first?.period == Self.start..<Self.start + Self.day)
        #expect(statement.notes.contains("no column of workers: each row is about the whole pool"))
    }

    @Test(arguments: [
        ("worker,work\na,1\n", "line 1, column 1: no column looks like the time"),
        ("time,worker\n2026-01-31,a\n", "line 1, column 1: no column looks like the work"),
        ("time,hashrate\n2026-01-31,1\n", "line 1, column 6: say with --unit what 'hashrate' counts"),
        ("time,accepted\n2026-01-31,1\n", "line 1, column 6: say with --unit what 'accepted' counts"),
        ("time,Shares\n2026-01-31,1\n", "line 1, column 6: say with --unit what 'Shares' counts"),
        ("time,work\nsoon,1\n", "line 2, column 1: 'soon' is no time"),
        ("time,work\n2h,1\n", "line 2, column 1: '2h' is no time"),
        ("time,work\ntoday,1\n", "line 2, column 1: 'today' is no time"),
        ("time,work\n20260131,1\n", "line 2, column 1: '20260131' is no time"),
        ("time,work\n2026-02-30,1\n", "line 2, column 1: '2026-02-30' is no time"),
        ("time,work\n1e300,1\n", "line 2, column 1: '1e300' is no time"),
        ("time,work\n2026-01-31,\"1,5\"\n", "line 2, column 12: '1,5' is no number"),
        ("time,work\n2026-01-31,-1\n", "line 2, column 12: '-1' is no number"),
        ("time,work\n2026-01-31,nan\n", "line 2, column 12: 'nan' is no number"),
        ("time,work\n2026-01-31,0x10\n", "line 2, column 12: '0x10' is no number"),
        ("time,work\n2026-01-31,\n", "line 2, column 12: '' is no number"),
        ("time,work\n2026-01-31,1e999\n", "line 2, column 12: '1e999' is no number"),
        ("time,work\n2026-01-31,1\n", "line 2, column 1: how long this row's period is"),
        ("time,end,work\n2026-01-31,2026-01-30,1\n", "line 2, column 1: the period ends before it begins"),
        (
            "time,end,work\n2026-01-31,2026-02-02,1\n2026-02-01,2026-02-03,1\n",
            "line 3, column 1: the row's period overlaps that of line 2"
        ),
    ])
    func nonsenseIsRefusedWithItsPlace(text: String, error: String) {
        #expect { try Self.read(text) } throws: { "\($0)".hasPrefix(error) }
    }

    @Test func namedColumnMustBeThere() {
        #expect { try Self.read("time,work\n2026-01-31,1\n") { $0.workerColumn = "rig" } } throws: {
            "\($0)" == "line 1, column 1: there is no column 'rig': name the one of the worker with --worker-column; "
                + "there are 'time', 'work'"
        }
    }
}

import GRDB

/// Where in a segment certain shares are: blocks as `RollupPlaces` divides it.
struct SharePlaces: Equatable {
    private static let blocks = 64

    static let everywhere = SharePlaces(bits: .max)

    private var bits: UInt64 = 0

    /// `bits` as in the column `places`.
    mutating func add(_ bits: UInt64) { self.bits |= bits }

    /// Those of `segment` that are among `entries`, in ascending pieces of at most `limit`, at least one block.
    func stretches(
        of segment: ReadableSegment,
        among entries: ClosedRange<Int64>,
        upTo limit: Int
    ) -> [ClosedRange<Int64>] {
        guard entries.overlaps(segment.entries) else { return [] }
        let entries = entries.clamped(to: segment.entries)
        let blockRows = RollupPlaces.rowsPerBit(count: segment.entries.count)
        var stretches: [ClosedRange<Int64>] = []
        for block in 0..<Self.blocks where self.bits >> UInt64(block) & 1 != 0 {
            let first = LedgerEntry(segment: segment.number, place: block * blockRows).number
            let whole = first...(first + Int64(blockRows) - 1)
            guard whole.overlaps(entries) else { continue }
            let range = whole.clamped(to: entries)
            if let former = stretches.last, former.upperBound == range.lowerBound - 1,
                range.upperBound - former.lowerBound < Int64(limit)
            {
                stretches[stretches.count - 1] = former.lowerBound...range.upperBound
            } else {
                stretches.append(range)
            }
        }
        return stretches
    }
}

/// The rollups of a sealed segment.
enum SegmentRollups {
    /// One of them.
    struct Row {
        var worker: Int32
        var pool: Int32
        var outcome: ShareOutcome
        /// Since 1970.
        var minute: Int64
        var shares: Int64
        var sessionWork: Double
        var poolWork: Double
        /// 0 if not asked for.
        var places: UInt64
    }

    /// Hands those that `selection` chooses to `body`.
    @inline(__always)
    static func each(
        in segment: ReadableSegment,
        _ selection: LedgerSelection,
        withPlaces: Bool = false,
        _ lookup: inout LedgerLookup,
        _ db: Database,
        _ body: (Row) throws -> Void
    ) throws {
        let places = withPlaces ? ", places" : ""
        let workers = selection.workers?.map { Int64($0) }
        let condition = workers == nil ? "" : " AND worker = ?"
        let statement = try RawStatement(
            db,
            sql: """
                SELECT worker, pool, outcome, minute, shares, sessionWork, poolWork\(places)
                FROM rollup WHERE segment = ?\(condition)
                """
        )
        defer { statement.reset() }
        for worker in workers ?? [0] {
            statement.reset()
            statement.bind(1, segment.number)
            if workers != nil { statement.bind(2, worker) }
            while try statement.step() {
                let row = try Self.row(statement, withPlaces)
                guard selection.matches(outcome: row.outcome.rawValue) else { continue }
                if selection.choosesNames,
                    try !selection.matches(worker: row.worker, pool: row.pool, &lookup, db)
                {
                    continue
                }
                try body(row)
            }
        }
    }

    @inline(__always)
    private static func row(_ statement: RawStatement, _ withPlaces: Bool) throws -> Row {
        Row(
            worker: try statement.integer(0, as: Int32.self),
            pool: try statement.integer(1, as: Int32.self),
            outcome: ShareOutcome(rawValue: try statement.integer(2, as: UInt8.self)),
            minute: try statement.integer(3),
            shares: try statement.integer(4),
            sessionWork: try statement.double(5),
            poolWork: try statement.double(6),
            places: withPlaces ? UInt64(bitPattern: try statement.integer(7)) : 0
        )
    }
}

extension LedgerPeriod {
    private static let minute: Int64 = 60_000

    /// Whether a moment of that minute since 1970 may belong to it.
    func mayContain(minute: Int64) -> Bool {
        let first = minute &* Self.minute
        if let until, first >= until { return false }
        if let since, first &+ (Self.minute - 1) < since { return false }
        return true
    }
}

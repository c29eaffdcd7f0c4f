import GRDB

/// A segment as far as it can still be read.
struct ReadableSegment {
    var number: Int64
    /// The entries it has, or can have.
    var entries: ClosedRange<Int64>
    /// Of its first and its last share; nil: it is not sealed.
    var times: ClosedRange<Int64>?
    /// What its shares' times and ids are counted from; nil: its shares were dropped.
    var base: Base?
    /// Its rollups are there.
    var hasRollups: Bool

    struct Base {
        var time: Int64
        var share: Int64
    }

    /// How much of a segment belongs to a period.
    enum Coverage {
        case none
        case part
        case whole
    }

    func coverage(of period: LedgerPeriod) -> Coverage {
        guard let times else { return .part }
        if let until = period.until, times.lowerBound >= until { return .none }
        if let since = period.since, times.upperBound < since { return .none }
        return period.contains(times.lowerBound) && period.contains(times.upperBound) ? .whole : .part
    }
}

/// The segments that hold shares, and what retention has left of them.
struct ReadableSegments {
    /// Shares, late verdicts and session events of segments below this were dropped.
    let detailFrom: Int64
    /// Rollups, gaps and pool events of segments below this were dropped.
    let rollupsFrom: Int64
    /// In ascending order, those of which nothing is left excepted.
    let all: [ReadableSegment]

    /// `first`: the first segment to look at.
    init(from first: Int64 = 0, _ db: Database) throws {
        self.detailFrom = try RetentionCounters.detailFrom(db)
        self.rollupsFrom = try RetentionCounters.rollupsFrom(db)
        var all: [ReadableSegment] = []
        let sealed = try RawStatement(
            db,
            sql: """
                SELECT seal.segment, firstTime, lastTime, baseTime, baseShare, shares
                FROM seal LEFT JOIN segment ON segment.id = seal.segment
                WHERE seal.segment >= ? AND firstTime IS NOT NULL ORDER BY seal.segment
                """
        )
        defer { sealed.reset() }
        sealed.bind(1, max(first, min(self.detailFrom, self.rollupsFrom)))
        while try sealed.step() {
            let number = try sealed.integer(0)
            let first = try sealed.integer(1)
            all.append(
                ReadableSegment(
                    number: number,
                    entries: Self.entries(of: number, rows: try sealed.integer(5)),
                    times: first...max(first, try sealed.integer(2)),
                    base: number < self.detailFrom || sealed.isNull(3)
                        ? nil : ReadableSegment.Base(time: try sealed.integer(3), share: try sealed.integer(4)),
                    hasRollups: number >= self.rollupsFrom
                )
            )
        }
        let open = try RawStatement(
            db,
            sql: """
                SELECT id, baseTime, baseShare FROM segment
                WHERE id > (SELECT coalesce(max(segment), 0) FROM seal) ORDER BY id
                """
        )
        defer { open.reset() }
        while try open.step() {
            let base = ReadableSegment.Base(time: try open.integer(1), share: try open.integer(2))
            let number = try open.integer(0)
            all.append(
                ReadableSegment(
                    number: number,
                    entries: LedgerEntry.numbers(of: number),
                    times: nil,
                    base: base,
                    hasRollups: false
                )
            )
        }
        self.all = all
    }

    private static func entries(of segment: Int64, rows: Int64) -> ClosedRange<Int64> {
        let numbers = LedgerEntry.numbers(of: segment)
        return numbers.lowerBound...(numbers.lowerBound + min(max(rows, 1), Int64(LedgerEntry.segmentLimit)) - 1)
    }
}

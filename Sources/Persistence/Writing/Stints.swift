import GRDB

/// The stints of shares that are written: a worker on a session at a difficulty, for at most a day. Of each worker on an
/// open session the last two are remembered: a share of another one begins a stint anew.
struct Stints {
    private struct Key: Hashable {
        var session: Int64
        var worker: Int32
    }

    /// One, with its part of the canonical form of its shares.
    struct Stint {
        var id: Int64
        var canonical: [UInt8]
        fileprivate var difficulty: UInt64
    }

    /// After a change of difficulty shares of both come for a while.
    private struct Recent {
        var last: Stint
        var former: Stint?
    }

    private static let dayMilliseconds: Int64 = 86_400_000
    /// So many workers are remembered at least before any is forgotten.
    private static let fewest = 1_024

    private var workers: [Key: Recent] = [:]
    /// At so many the time has come to look which sessions have ended.
    private var limit = Self.fewest
    private var next: Int64
    /// Stints begin anew each day, so that those of old segments can be dropped.
    private var day: Int64 = 0

    /// Goes on where the file ends.
    init(_ db: Database) throws {
        self.next = try LedgerNumber.next(after: Int64.fetchOne(db, sql: "SELECT max(id) FROM stint"))
    }

    /// Workers on sessions in memory.
    var count: Int { self.workers.count }

    /// The stint of a share; part of a transaction if it is a new one.
    mutating func of(_ share: LedgerShare, _ sessions: OpenSessions, _ db: Database) throws -> Stint {
        let day = LedgerTime.floorDivide(share.time, by: Self.dayMilliseconds)
        if day > self.day {
            self.day = day
            self.forget()
        }
        let difficulty = share.difficulty.stored
        let key = Key(session: share.session, worker: share.worker)
        let known = self.workers[key]
        if let last = known?.last, last.difficulty == difficulty.bitPattern { return last }
        if let former = known?.former, former.difficulty == difficulty.bitPattern { return former }
        let id = self.next
        try db.cachedStatement(sql: "INSERT INTO stint (id, session, worker, difficulty) VALUES (?, ?, ?, ?)")
            .execute(arguments: [id, share.session, share.worker, difficulty])
        let canonical = try ShareContext.read(stint: id, db).canonical
        let stint = Stint(id: id, canonical: canonical, difficulty: difficulty.bitPattern)
        self.next += 1
        if known == nil, self.workers.count >= self.limit { self.forgetEnded(sessions) }
        self.workers[key] = Recent(last: stint, former: known?.last)
        return stint
    }

    /// What was known may have been dropped from the file.
    mutating func forget() {
        self.workers = [:]
    }

    /// Those of sessions that have ended; looks at each worker only after as many new ones.
    private mutating func forgetEnded(_ sessions: OpenSessions) {
        self.workers = self.workers.filter { sessions.contains($0.key.session) }
        self.limit = max(Self.fewest, 2 * self.workers.count)
    }
}

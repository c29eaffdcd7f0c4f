import GRDB

/// The stints of shares that are written: a worker on a session at a difficulty, for at most a day. Of those that have
/// ended only some are remembered: a share of another one begins a stint anew.
struct Stints {
    private struct Key: Hashable {
        var session: Int64
        var worker: Int32
        var difficulty: UInt64
    }

    /// One, with its part of the canonical form of its shares.
    struct Stint {
        var id: Int64
        var canonical: [UInt8]
    }

    private static let dayMilliseconds: Int64 = 86_400_000
    /// So many are remembered at least before any is forgotten.
    private static let fewest = 1_024

    private var stints: [Key: Stint] = [:]
    /// At so many the time has come to forget some.
    private var limit = Self.fewest
    private var next: Int64
    /// Stints begin anew each day, so that those of old segments can be dropped.
    private var day: Int64 = 0

    /// Goes on where the file ends.
    init(_ db: Database) throws {
        self.next = try LedgerNumber.next(after: Int64.fetchOne(db, sql: "SELECT max(id) FROM stint"))
    }

    /// Those in memory.
    var count: Int { self.stints.count }

    /// The stint of a share; part of a transaction if it is a new one.
    mutating func of(_ share: LedgerShare, _ sessions: OpenSessions, _ db: Database) throws -> Stint {
        let day = LedgerTime.floorDivide(share.time, by: Self.dayMilliseconds)
        if day > self.day {
            self.day = day
            self.stints = [:]
        }
        let difficulty = share.difficulty.stored
        let key = Key(session: share.session, worker: share.worker, difficulty: difficulty.bitPattern)
        if let known = self.stints[key] { return known }
        let id = self.next
        try db.cachedStatement(sql: "INSERT INTO stint (id, session, worker, difficulty) VALUES (?, ?, ?, ?)")
            .execute(arguments: [id, share.session, share.worker, difficulty])
        let stint = Stint(id: id, canonical: try ShareContext.read(stint: id, db).canonical)
        self.next += 1
        if self.stints.count >= self.limit { self.forget(but: sessions) }
        self.stints[key] = stint
        return stint
    }

    /// What was known may have been dropped from the file.
    mutating func forget() {
        self.stints = [:]
    }

    /// Forgets those of sessions that have ended; all if most are of open sessions, which then were at one difficulty
    /// after another.
    private mutating func forget(but sessions: OpenSessions) {
        let limit = max(Self.fewest, 4 * sessions.count)
        self.stints = self.stints.filter { sessions.contains($0.key.session) }
        if self.stints.count > limit / 2 { self.stints = [:] }
        self.limit = limit
    }
}

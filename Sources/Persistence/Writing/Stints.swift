import GRDB

/// The stints of shares that are written: a worker on a session at a difficulty, for at most a day.
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

    private var stints: [Key: Stint] = [:]
    private var next: Int64
    /// Stints begin anew each day, so that those of old segments can be dropped.
    private var day: Int64 = 0

    /// Goes on where the file ends.
    init(_ db: Database) throws {
        self.next = try LedgerNumber.next(after: Int64.fetchOne(db, sql: "SELECT max(id) FROM stint"))
    }

    /// The stint of a share; part of a transaction if it is a new one.
    mutating func of(_ share: LedgerShare, _ context: inout ShareContext, _ db: Database) throws -> Stint {
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
        let stint = Stint(id: id, canonical: try context.stint(id, db).canonical)
        self.next += 1
        self.stints[key] = stint
        return stint
    }

    /// What was known may have been dropped from the file.
    mutating func forget() {
        self.stints = [:]
    }
}

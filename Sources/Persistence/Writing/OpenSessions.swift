import GRDB

/// The sessions without an end, as in the table of that name, and the events of those that begin or end.
struct OpenSessions {
    /// A reference: the table is copied with every commit that changes it, and half of its places are empty.
    private final class Entry: Sendable {
        let session: LedgerSession

        init(_ session: LedgerSession) {
            self.session = session
        }
    }

    private var sessions: [Int64: Entry] = [:]

    /// Those in the file.
    init(_ db: Database) throws {
        for session in try LedgerSession.fetchOpen(db) { self.sessions[session.id] = Entry(session) }
    }

    var count: Int { self.sessions.count }

    func contains(_ session: Int64) -> Bool { self.sessions[session] != nil }

    /// Takes in what a batch says of sessions; part of a transaction.
    mutating func write(_ batch: LedgerBatch, _ db: Database) throws {
        guard !batch.sessions.isEmpty || !batch.closings.isEmpty else { return }
        var nextID = try SealedStream.sessionEvent.nextID(db)
        let event = "INSERT INTO sessionEvent (id, time, session, closeReason) VALUES (?, ?, ?, ?)"
        for session in batch.sessions {
            guard self.sessions.updateValue(Entry(session), forKey: session.id) == nil else { continue }
            try session.insert(db)
            try db.cachedStatement(sql: event).execute(arguments: [nextID, session.time, session.id, nil])
            nextID += 1
        }
        for closing in batch.closings {
            guard self.sessions.removeValue(forKey: closing.id) != nil else { continue }
            try db.cachedStatement(sql: "DELETE FROM openSession WHERE id = ?").execute(arguments: [closing.id])
            try db.cachedStatement(sql: event)
                .execute(arguments: [nextID, closing.time, closing.id, closing.reason])
            nextID += 1
        }
    }

    private var sorted: [LedgerSession] { self.sessions.values.map(\.session).sorted { $0.id < $1.id } }

    /// Closes them all; part of a transaction.
    /// - Returns: False if there was none.
    mutating func closeAll(time: Int64, reason: String, _ db: Database) throws -> Bool {
        guard !self.sessions.isEmpty else { return false }
        var nextID = try SealedStream.sessionEvent.nextID(db)
        for session in self.sorted {
            let sql = "INSERT INTO sessionEvent (id, time, session, closeReason) VALUES (?, ?, ?, ?)"
            try db.cachedStatement(sql: sql)
                .execute(arguments: [nextID, max(session.time, time), session.id, reason])
            nextID += 1
        }
        self.sessions = [:]
        try db.execute(sql: "DELETE FROM openSession")
        return true
    }

    /// Takes over those of another file; part of a transaction.
    mutating func take(_ former: OpenSessions, _ db: Database) throws {
        for session in former.sorted {
            self.sessions[session.id] = Entry(session)
            try session.insert(db)
        }
    }
}

extension LedgerSession {
    /// Those without an end.
    fileprivate static func fetchOpen(_ db: Database) throws -> [LedgerSession] {
        let sql = """
            SELECT openSession.id, coalesce(time, 0) AS time, coalesce(worker, 0) AS worker,
                coalesce(remote, '') AS remote, coalesce(userAgent, '') AS userAgent
            FROM openSession LEFT JOIN session ON session.id = openSession.id
            """
        return try Row.fetchAll(db, sql: sql).map { row in
            LedgerSession(
                id: try row.value("id"),
                time: try row.value("time"),
                worker: try row.value("worker"),
                remote: try row.value("remote"),
                userAgent: try row.value("userAgent")
            )
        }
    }

    /// As an open one; part of a transaction.
    fileprivate func insert(_ db: Database) throws {
        let sql = "INSERT OR IGNORE INTO session (id, time, worker, remote, userAgent) VALUES (?, ?, ?, ?, ?)"
        try db.cachedStatement(sql: sql)
            .execute(arguments: [self.id, self.time, self.worker, self.remote, self.userAgent])
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO openSession (id) VALUES (?)").execute(arguments: [self.id])
    }
}

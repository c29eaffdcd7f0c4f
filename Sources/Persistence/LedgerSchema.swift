import GRDB

/// The tables of a ledger. A migration, once released, is never edited.
///
/// There are no foreign keys between rows of different lanes: after a full disk a share's session, job or name may be
/// missing, and the share must be recorded all the same.
enum LedgerSchema {
    /// Marks a SQLite file as ours ("RLGR").
    static let applicationID: Int32 = 0x524C_4752
    /// The schema version that this release writes.
    static let version = 1

    /// What a SQLite file turns out to be.
    enum Kind: Equatable {
        case empty
        case ledger(version: Int)
        case foreign
    }

    /// Looks at a file without changing it.
    static func kind(_ db: Database) throws -> Kind {
        let id = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        if id == Self.applicationID {
            return .ledger(version: try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0)
        }
        let objects = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        return id == 0 && objects == 0 ? .empty : .foreign
    }

    /// Every migration, in order.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in
            try db.execute(sql: Self.version1)
        }
        return migrator
    }

    private static let version1 = """
        PRAGMA application_id = \(Self.applicationID);
        PRAGMA user_version = 1;

        CREATE TABLE route (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        );
        CREATE TABLE worker (
            id INTEGER PRIMARY KEY,
            route INTEGER NOT NULL,
            name TEXT NOT NULL,
            UNIQUE (route, name)
        );
        CREATE TABLE pool (
            id INTEGER PRIMARY KEY,
            route INTEGER NOT NULL,
            name TEXT NOT NULL,
            UNIQUE (route, name)
        );
        CREATE TABLE reason (
            id INTEGER PRIMARY KEY,
            text TEXT NOT NULL UNIQUE
        );

        -- Times are milliseconds since 1970, UTC.
        CREATE TABLE session (
            id INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            worker INTEGER NOT NULL,
            remote TEXT NOT NULL,
            userAgent TEXT NOT NULL,
            closeTime INTEGER,
            closeReason TEXT
        );
        CREATE INDEX sessionTime ON session (time);
        CREATE INDEX sessionOpen ON session (id) WHERE closeTime IS NULL;

        CREATE TABLE job (
            id INTEGER PRIMARY KEY,
            jobID TEXT NOT NULL,
            pool INTEGER NOT NULL,
            poolJobID TEXT NOT NULL,
            poolDifficulty REAL NOT NULL
        );

        -- One row and one final verdict for each share. flags: 1 forwarded, 2 answered at once.
        -- verdict: 0 pending, 1 accepted, 2 rejected, 3 stale, 4 duplicate, 5 low difficulty, 6 malformed,
        -- 7 unauthorized, 8 counted, 9 lost, 10 unknown. latency: microseconds.
        CREATE TABLE share (
            id INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            session INTEGER NOT NULL,
            worker INTEGER NOT NULL,
            pool INTEGER NOT NULL,
            job INTEGER NOT NULL,
            difficulty REAL NOT NULL,
            shareDifficulty REAL NOT NULL,
            flags INTEGER NOT NULL CHECK (flags BETWEEN 0 AND 3),
            verdict INTEGER NOT NULL CHECK (verdict BETWEEN 0 AND 10),
            reason INTEGER NOT NULL,
            reasonCode INTEGER,
            latency INTEGER,
            extranonce2 BLOB NOT NULL CHECK (length(extranonce2) <= 16),
            ntime INTEGER NOT NULL,
            nonce INTEGER NOT NULL,
            versionBits INTEGER
        );
        CREATE INDEX shareTime ON share (time);
        CREATE INDEX sharePending ON share (id) WHERE verdict = 0;

        -- What the pool said about a share that had been settled as lost.
        CREATE TABLE lateVerdict (
            share INTEGER PRIMARY KEY,
            verdict INTEGER NOT NULL CHECK (verdict BETWEEN 1 AND 10),
            reason INTEGER NOT NULL,
            reasonCode INTEGER,
            latency INTEGER
        );

        CREATE TABLE poolEvent (
            id INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            kind TEXT NOT NULL,
            pool INTEGER NOT NULL,
            cause TEXT NOT NULL,
            detection INTEGER,
            sessionsMoved INTEGER,
            sharesLost INTEGER,
            fromPool INTEGER,
            toPool INTEGER,
            detail TEXT NOT NULL
        );
        CREATE INDEX poolEventTime ON poolEvent (time);

        -- Shares of which only totals are known, because their rows could not be written. One row never spans two
        -- hours. sessionWork: sum of session difficulties; poolWork: sum of pool difficulties of the forwarded ones.
        CREATE TABLE gap (
            id INTEGER PRIMARY KEY,
            beginTime INTEGER NOT NULL,
            endTime INTEGER NOT NULL,
            worker INTEGER NOT NULL,
            pool INTEGER NOT NULL,
            verdict INTEGER NOT NULL CHECK (verdict BETWEEN 1 AND 10),
            forwarded INTEGER NOT NULL CHECK (forwarded IN (0, 1)),
            shares INTEGER NOT NULL CHECK (shares > 0),
            sessionWork REAL NOT NULL,
            poolWork REAL NOT NULL,
            CHECK (beginTime <= endTime)
        );
        CREATE INDEX gapTime ON gap (beginTime);

        -- Verdicts that came by another lane and earlier than their share.
        CREATE TABLE heldVerdict (
            share INTEGER PRIMARY KEY,
            verdict INTEGER NOT NULL,
            reason INTEGER NOT NULL,
            reasonCode INTEGER,
            latency INTEGER
        );

        -- Highest id given out of each kind, so that none is given twice; and the latest time seen.
        CREATE TABLE counter (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) WITHOUT ROWID;

        -- How much of each journal segment is in these tables.
        CREATE TABLE journalPosition (
            segment INTEGER PRIMARY KEY,
            position INTEGER NOT NULL
        );
        """
}

import GRDB

/// The tables of a ledger; `docs/ledger-format.md` explains them to readers. A migration, once released, is never edited.
///
/// There are no foreign keys between rows of different lanes: after a full disk a share's session, job or name may be
/// missing, and the share must be recorded all the same.
enum LedgerSchema {
    /// Marks a SQLite file as ours ("RLGR").
    static let applicationID: Int32 = 0x524C_4752
    /// The schema version that this release writes.
    static let version = 3
    /// Versions before this one were never released and cannot be read.
    static let firstVersion = 2

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
        migrator.registerMigration("v2") { db in
            try db.execute(sql: Self.version2)
            try db.execute(sql: LedgerViews.version2)
        }
        migrator.registerMigration("v3") { db in
            try db.execute(sql: Self.version3)
            try db.execute(sql: LedgerViews.version3)
        }
        return migrator
    }

    private static let version2 = """
        PRAGMA application_id = \(Self.applicationID);
        PRAGMA user_version = 2;

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

        -- Times are milliseconds since 1970, UTC, unless said otherwise.
        CREATE TABLE session (
            id INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            worker INTEGER NOT NULL,
            remote TEXT NOT NULL,
            userAgent TEXT NOT NULL
        );
        -- A session's beginning, and its end with the reason. Ids are consecutive.
        CREATE TABLE sessionEvent (
            id INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            session INTEGER NOT NULL,
            closeReason TEXT
        );
        CREATE INDEX sessionEventTime ON sessionEvent (time);
        CREATE INDEX sessionEventSession ON sessionEvent (session);
        CREATE TABLE openSession (
            id INTEGER PRIMARY KEY
        );

        CREATE TABLE job (
            id INTEGER PRIMARY KEY,
            jobID TEXT NOT NULL,
            pool INTEGER NOT NULL,
            poolJobID TEXT NOT NULL,
            poolDifficulty REAL NOT NULL
        );

        -- A worker on a session at a difficulty.
        CREATE TABLE stint (
            id INTEGER PRIMARY KEY,
            session INTEGER NOT NULL,
            worker INTEGER NOT NULL,
            difficulty REAL NOT NULL
        );
        CREATE INDEX stintWorker ON stint (worker);
        CREATE INDEX stintSession ON stint (session);

        -- A stretch of the book, in the order in which shares were settled. baseTime and baseShare: what its shares' times
        -- and ids are counted from.
        CREATE TABLE segment (
            id INTEGER PRIMARY KEY,
            baseTime INTEGER NOT NULL,
            baseShare INTEGER NOT NULL
        );

        -- One row for each settled share, appended when it has its final verdict and never changed.
        -- entry: segment × 262144 + place in the segment, from 0 without a hole.
        -- shift: the share's id − baseShare − place. time: after baseTime.
        -- job: 0 and below: not a job the router knew, for pool −job.
        -- shareDifficulty: m × 2^(e−64), m the lower 24 bits, e the bits above.
        -- outcome: verdict + 16 not forwarded + 32 answered at once + 64 without version bits. Verdicts: 1 accepted,
        -- 2 rejected, 3 stale, 4 duplicate, 5 low difficulty, 6 malformed, 7 unauthorized, 8 counted, 9 lost, 10 unknown.
        -- latency: microseconds. claim: nonce, ntime, version bits (4 bytes each), extranonce2, as sent to the pool.
        CREATE TABLE share (
            entry INTEGER PRIMARY KEY,
            shift INTEGER NOT NULL,
            time INTEGER NOT NULL,
            stint INTEGER NOT NULL,
            job INTEGER NOT NULL,
            shareDifficulty INTEGER NOT NULL,
            outcome INTEGER NOT NULL,
            reason INTEGER NOT NULL,
            reasonCode INTEGER,
            latency INTEGER,
            claim BLOB NOT NULL
        );

        -- Forwarded shares that await the pool's verdict.
        CREATE TABLE pending (
            id INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            session INTEGER NOT NULL,
            worker INTEGER NOT NULL,
            pool INTEGER NOT NULL,
            job INTEGER NOT NULL,
            difficulty REAL NOT NULL,
            shareDifficulty REAL NOT NULL,
            outcome INTEGER NOT NULL,
            claim BLOB NOT NULL
        );
        -- Verdicts that came by another lane and earlier than their share.
        CREATE TABLE heldVerdict (
            share INTEGER PRIMARY KEY,
            verdict INTEGER NOT NULL,
            reason INTEGER NOT NULL,
            reasonCode INTEGER,
            latency INTEGER
        );
        -- What the pool said about a share that had been settled as lost. Ids are consecutive; share is the share's id.
        CREATE TABLE lateVerdict (
            id INTEGER PRIMARY KEY,
            share INTEGER NOT NULL,
            verdict INTEGER NOT NULL,
            reason INTEGER NOT NULL,
            reasonCode INTEGER,
            latency INTEGER
        );
        CREATE INDEX lateVerdictShare ON lateVerdict (share);

        -- Ids are consecutive.
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
        -- Ids are consecutive.
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

        -- Sums over the shares of a sealed segment. outcome: verdict + 16 not forwarded. minute: since 1970, of receipt.
        -- places: bit i is set when one of the shares is in places i × n to (i + 1) × n − 1 of the segment; n is the smallest
        -- power of two from 1024 on with 64 × n not below the segment's shares.
        CREATE TABLE rollup (
            segment INTEGER NOT NULL,
            worker INTEGER NOT NULL,
            pool INTEGER NOT NULL,
            outcome INTEGER NOT NULL,
            minute INTEGER NOT NULL,
            shares INTEGER NOT NULL,
            sessionWork REAL NOT NULL,
            poolWork REAL NOT NULL,
            places INTEGER NOT NULL,
            PRIMARY KEY (segment, worker, pool, outcome, minute)
        ) WITHOUT ROWID;

        -- A sealed segment. firstTime and lastTime: of its shares, NULL without any. lowestJob, lowestStint: below these
        -- it refers to none.
        CREATE TABLE seal (
            segment INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            firstTime INTEGER,
            lastTime INTEGER,
            shares INTEGER NOT NULL,
            forwarded INTEGER NOT NULL,
            accepted INTEGER NOT NULL,
            acceptedWork REAL NOT NULL,
            sessionWork REAL NOT NULL,
            lowestJob INTEGER NOT NULL,
            lowestStint INTEGER NOT NULL,
            previous BLOB NOT NULL,
            hash BLOB NOT NULL,
            publicKey BLOB,
            signature BLOB
        );
        -- What a seal covers of each stream: rows of these ids. blocks: for shares, the digests of 64 rows each.
        CREATE TABLE sealPart (
            segment INTEGER NOT NULL,
            stream INTEGER NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            rows INTEGER NOT NULL,
            digest BLOB NOT NULL,
            blocks BLOB,
            PRIMARY KEY (segment, stream)
        ) WITHOUT ROWID;

        -- Highest id given out of each kind, so that none is given twice; the latest time seen; detailFrom and rollupsFrom:
        -- segments below these were dropped because of their age.
        CREATE TABLE counter (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) WITHOUT ROWID;
        -- genesis: what the first seal follows.
        CREATE TABLE property (
            name TEXT PRIMARY KEY,
            value BLOB NOT NULL
        ) WITHOUT ROWID;

        -- How much of each journal segment is in these tables.
        CREATE TABLE journalPosition (
            segment INTEGER PRIMARY KEY,
            position INTEGER NOT NULL
        );
        """

    /// What a route's miners speak, and how many hashes a difficulty of 1 takes on average. Whoever wrote version 2 spoke
    /// Bitcoin.
    private static let version3 = """
        PRAGMA user_version = 3;

        ALTER TABLE route ADD COLUMN protocol TEXT NOT NULL DEFAULT 'bitcoin';
        ALTER TABLE route ADD COLUMN hashesPerDifficulty REAL NOT NULL DEFAULT 4294967296.0;
        """
}

import GRDB
import Testing

@testable import Persistence

/// What is remembered of workers on sessions at difficulties.
@Suite struct StintsTests {
    /// Stints and sessions of one file within a transaction.
    private struct Book {
        var stints: Stints
        var sessions: OpenSessions
        let db: Database

        init(_ db: Database) throws {
            try db.execute(sql: "INSERT INTO route (id, name) VALUES (1, 'btc')")
            for worker in 1...32 {
                try db.execute(
                    sql: "INSERT INTO worker (id, route, name) VALUES (?, 1, ?)", arguments: [worker, "rig\(worker)"])
            }
            self.stints = try Stints(db)
            self.sessions = try OpenSessions(db)
            self.db = db
        }

        mutating func open(_ session: Int64) throws {
            try self.record(
                .sessionOpened(
                    LedgerSession(
                        id: session, time: Sample.time, worker: 1, remote: "[::1]:4000", userAgent: "miner/1"
                    )
                )
            )
        }

        mutating func close(_ session: Int64) throws {
            try self.record(.sessionClosed(id: session, time: Sample.time, reason: "closed by the miner"))
        }

        private mutating func record(_ event: LedgerEvent) throws {
            var batch = LedgerBatch(highWater: LedgerHighWater())
            batch.add(event)
            try self.sessions.write(batch, self.db)
        }

        /// The stint of a share.
        mutating func share(_ session: Int64, worker: Int32 = 1, difficulty: Double = 512) throws -> Int64 {
            var share = Sample.share(1, difficulty: difficulty)
            share.session = session
            share.worker = worker
            return try self.stints.of(share, self.sessions, self.db).id
        }
    }

    private static func book(_ body: @Sendable (inout Book) throws -> Void) async throws {
        let place = try TemporaryLedger()
        try await place.open().end()
        try await place.database().write { db in
            var book = try Book(db)
            try body(&book)
        }
    }

    @Test func sessionsThatHaveEndedAreForgottenAndOpenOnesAreNot() async throws {
        try await Self.book { book in
            var known: [Int64: Int64] = [:]
            for session in 1...500 as ClosedRange<Int64> {
                try book.open(session)
                known[session] = try book.share(session)
            }
            for session in 501...9_000 as ClosedRange<Int64> {
                try book.open(session)
                let stint = try book.share(session)
                #expect(try book.share(session) == stint)
                try book.close(session)
                #expect(book.stints.count <= 1_024)
            }
            for (session, stint) in known { #expect(try book.share(session) == stint) }
        }
    }

    @Test func allWorkersOfOpenSessionsAreRemembered() async throws {
        try await Self.book { book in
            var known: [Int64: [Int64]] = [:]
            for session in 1...100 as ClosedRange<Int64> {
                try book.open(session)
                known[session] = try (1...32).map { try book.share(session, worker: $0) }
            }
            #expect(book.stints.count == 3_200)
            for (session, stints) in known {
                #expect(try (1...32).map { try book.share(session, worker: $0) } == stints)
            }
        }
    }

    @Test func aWorkerOnASessionIsRememberedAtItsLastTwoDifficulties() async throws {
        try await Self.book { book in
            try book.open(1)
            var former = try book.share(1, difficulty: 1)
            for difficulty in 2...100 {
                let stint = try book.share(1, difficulty: Double(difficulty))
                #expect(try book.share(1, difficulty: Double(difficulty - 1)) == former)
                #expect(try book.share(1, difficulty: Double(difficulty)) == stint)
                #expect(book.stints.count == 1)
                former = stint
            }
            #expect(try book.share(1, difficulty: 1) > former)
        }
    }

    /// As a verdict that comes after its miner has gone.
    @Test func aShareOfASessionThatHasEndedHasAStintToo() async throws {
        try await Self.book { book in
            try book.open(1)
            let stint = try book.share(1)
            try book.close(1)
            #expect(try book.share(1) == stint)
            #expect(try book.share(2) > stint)
        }
    }
}

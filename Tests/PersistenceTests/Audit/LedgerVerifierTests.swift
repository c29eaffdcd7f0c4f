import Foundation
import GRDB
import Testing

@testable import Persistence

@Suite struct LedgerVerifierTests {
    static let kinds = [
        AuditedLedger.Options(), AuditedLedger.Options(isSigned: true), AuditedLedger.Options(isPruned: true),
        AuditedLedger.Options(isSigned: true, isPruned: true),
    ]
    /// Another one than the ledgers are signed with.
    private static let otherKey = [UInt8](repeating: 9, count: 32)

    private static func verify(_ db: Database, _ options: AuditedLedger.Options) throws -> LedgerVerification {
        var verifier = LedgerVerifier(
            publicKey: options.isSigned ? SealKey.publicKey(pem: AuditedLedger.publicKey) : nil,
            kept: nil
        )
        return try verifier.verify(db)
    }

    @Test(arguments: kinds)
    func unalteredLedgerPasses(_ options: AuditedLedger.Options) async throws {
        let ledger = try await AuditedLedger(seed: 1, options)
        for path in [ledger.place.path, ledger.copy] {
            let result = try LedgerReader(path: path).verify()
            #expect(result.findings == [])
            #expect(result.segments > 4)
            #expect(result.shares > 300)
            #expect(result.unsealedShares > 0)
            #expect(result.signedSeals == (options.isSigned ? result.segments : 0))
            let keys = options.isSigned ? [SealKey.publicKey(pem: AuditedLedger.publicKey)] : []
            #expect(result.publicKeys == keys)
            #expect((result.detailFrom > result.rollupsFrom) == options.isPruned)
            #expect((result.rollupsFrom > 1) == options.isPruned)
            #expect((result.droppedShares > 0) == options.isPruned)
        }
        // Every stream is there to be altered.
        #expect(try ledger.place.count("SELECT count(DISTINCT stream) FROM sealPart") == 6)
    }

    @Test(arguments: Array(kinds.enumerated()))
    func everyOfAThousandAlterationsIsFound(_ index: Int, _ options: AuditedLedger.Options) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let ledger = try await AuditedLedger(seed: seed, options)
        let sample = try Self.alter(ledger, seed: seed, options)
        guard let python = PythonVerifier() else { return }
        let keys = options.isSigned ? ["--public-key", try ledger.writePublicKey()] : []
        let answers = try python.run(keys + [ledger.copy] + sample.keys)
        #expect(answers[ledger.copy]?.allSatisfy { $0.hasPrefix("good: ") } == true, "\(answers[ledger.copy] ?? [])")
        for (path, alteration) in sample {
            let isFound = answers[path]?.contains { !$0.hasPrefix("good: ") && !$0.hasPrefix("cannot") } == true
            #expect(isFound, "seed \(seed): Python did not find \(alteration)")
        }
    }

    /// Alters the copy in 250 ways, each undone again.
    /// - Returns: Copies that were altered in some of these.
    private static func alter(
        _ ledger: AuditedLedger,
        seed: UInt64,
        _ options: AuditedLedger.Options
    ) throws -> [String: Alteration] {
        var sample: [String: Alteration] = [:]
        let database = try DatabaseQueue(path: ledger.copy)
        var alterations: [Alteration] = []
        try database.inDatabase { db in
            var forger = try Forger(seed: seed, db)
            while alterations.count < 250 {
                guard let alteration = try forger.next(db) else { continue }
                try db.beginTransaction()
                defer { try? db.rollback() }
                // What the file does not allow is no alteration.
                guard (try? alteration.apply(db)) != nil else { continue }
                alterations.append(alteration)
                let findings = try Self.verify(db, options).findings
                #expect(!findings.isEmpty, "seed \(seed): not found: \(alteration)")
                guard let segment = alteration.segment else { continue }
                #expect(findings.contains { $0.segment == segment }, "seed \(seed): \(alteration): \(findings)")
            }
        }
        try database.close()
        for index in stride(from: 0, to: alterations.count, by: 16) {
            let path = ledger.place.folder + "/altered-\(index).sqlite"
            try FileManager.default.copyItem(atPath: ledger.copy, toPath: path)
            try DatabaseQueue(path: path).write { db in try alterations[index].apply(db) }
            sample[path] = alterations[index]
        }
        return sample
    }

    @Test func changedShareIsNamedByItsBlock() async throws {
        let ledger = try await AuditedLedger(seed: 2)
        let finding = try await Self.finding(ledger, "UPDATE share SET latency = 1 WHERE entry = (3 << 18) + 70")
        #expect(finding.segment == 3)
        #expect(finding.table == "share")
        #expect(finding.firstTime != nil)
        #expect(finding.problem.contains("entries \(3 << 18 + 64) to \(3 << 18 + 127) (shares "))
        let removed = try await Self.finding(ledger, "DELETE FROM share WHERE entry = (3 << 18) + 70")
        #expect(removed.problem == "entry \(3 << 18 + 70) is missing after \(3 << 18 + 69)")
        let cut = try await Self.finding(
            ledger, "DELETE FROM share WHERE entry = (SELECT max(entry) FROM share WHERE entry >> 18 = 3)")
        #expect(cut.problem.hasSuffix("is missing at the end of the segment"))
        let kind = try await Self.finding(ledger, "UPDATE share SET claim = 'text' WHERE entry = (3 << 18) + 70")
        #expect(kind.problem.hasPrefix("entry \(3 << 18 + 70): "))
    }

    @Test func forgedRollupIsNamed() async throws {
        let ledger = try await AuditedLedger(seed: 3)
        let finding = try await Self.finding(
            ledger, "UPDATE rollup SET sessionWork = sessionWork * 2 WHERE segment = 2")
        #expect(finding.segment == 2)
        #expect(finding.table == "rollup")
        #expect(finding.problem.hasPrefix("worker 1, pool "))
    }

    @Test func undocumentedDropIsFound() async throws {
        let ledger = try await AuditedLedger(seed: 4)
        let finding = try await Self.finding(
            ledger,
            "INSERT INTO counter (name, value) VALUES ('detailFrom', 3); DELETE FROM share WHERE entry < 3 << 18"
        )
        #expect(finding.table == "counter")
    }

    @Test func cutEndShowsAgainstAKeptSeal() async throws {
        let ledger = try await AuditedLedger(seed: 5)
        let kept = try #require(try LedgerReader(path: ledger.copy).newestSeal()).id
        #expect(try LedgerReader(path: ledger.copy).verify(kept: kept).findings == [])
        let other = LedgerSealID(segment: 2, hash: kept.hash)
        #expect(try LedgerReader(path: ledger.copy).verify(kept: other).findings.map(\.segment) == [2])
        let database = try DatabaseQueue(path: ledger.copy)
        try await database.write { db in
            for (table, column) in [("seal", "segment"), ("sealPart", "segment"), ("rollup", "segment")] {
                try db.execute(sql: "DELETE FROM \(table) WHERE \(column) >= \(kept.segment)")
            }
            try db.execute(sql: "DELETE FROM segment WHERE id > \(kept.segment)")
            try db.execute(sql: "DELETE FROM share WHERE entry >= \(kept.segment + 1) << 18")
        }
        #expect(try LedgerReader(path: ledger.copy).verify().findings == [], "the ledger as it was earlier")
        #expect(try LedgerReader(path: ledger.copy).verify(kept: kept).findings.map(\.table) == ["seal"])
    }

    @Test func everySealMustBeSignedByTheKeyGiven() async throws {
        let unsigned = try await AuditedLedger(seed: 6)
        let signed = try await AuditedLedger(seed: 6, AuditedLedger.Options(isSigned: true))
        for ledger in [unsigned, signed] {
            let result = try LedgerReader(path: ledger.copy).verify(publicKey: Self.otherKey)
            #expect(Int64(result.findings.count) == result.segments)
        }
    }

    @Test func removedSignaturesAreFoundWithoutTheKey() async throws {
        let ledger = try await AuditedLedger(seed: 8, AuditedLedger.Options(isSigned: true))
        let finding = try await Self.finding(
            ledger, "UPDATE seal SET publicKey = NULL, signature = NULL WHERE segment = 2")
        #expect(finding.segment == 2)
        #expect(finding.table == "seal")
    }

    /// After a crash with a full disk, names may be missing that shares refer to.
    @Test func lostNamesAreNoAlarm() async throws {
        let place = try await Self.ledgerWithLostNames()
        #expect(try place.count("SELECT count(*) FROM share WHERE reason = 33") == 10)
        #expect(try place.count("SELECT count(*) FROM reason") == 0)
        #expect(try LedgerReader(path: place.path).verify().findings == [])
        guard let python = PythonVerifier() else { return }
        let answers = try python.run([place.path])
        #expect(answers[place.path]?.allSatisfy { $0.hasPrefix("good: ") } == true, "\(answers)")
    }

    @Test(arguments: [
        "INSERT INTO worker (id, route, name) VALUES (55, 9, 'rig 2')",
        "INSERT INTO pool (id, route, name) VALUES (77, 9, 'spare')",
        "INSERT INTO pool (id, route, name) VALUES (78, 9, 'spare')",
        "INSERT INTO reason (id, text) VALUES (33, 'stale')",
        "INSERT INTO reason (id, text) VALUES (0, 'stale')",
        "INSERT INTO worker (id, route, name) VALUES (0, 9, 'rig 2')",
        "INSERT INTO route (id, name) VALUES (9, 'east')",
        "DELETE FROM worker WHERE id = 56",
        "UPDATE worker SET route = 10 WHERE id = 56",
        "DELETE FROM pool WHERE id = 79",
        "UPDATE pool SET route = 10 WHERE id = 79",
        "UPDATE stint SET worker = 57 WHERE worker = 55",
        "UPDATE share SET reason = 34 WHERE reason = 33",
        "DELETE FROM stint WHERE worker = 55",
        "DELETE FROM session",
        "UPDATE session SET time = time + 1",
        "UPDATE share SET job = -(1 << 40) WHERE job = 0",
        "UPDATE share SET claim = CAST(claim || zeroblob(256) AS BLOB) WHERE entry & 1",
    ])
    func alteredNameOrReferenceIsFound(_ sql: String) async throws {
        let place = try await Self.ledgerWithLostNames()
        try await place.database().write { db in try db.execute(sql: sql) }
        #expect(try LedgerReader(path: place.path).verify().findings != [])
        guard let python = PythonVerifier() else { return }
        let answers = try python.run([place.path])
        let isFound = answers[place.path]?.contains { !$0.hasPrefix("good: ") && !$0.hasPrefix("cannot") } == true
        #expect(isFound, "\(answers)")
    }

    /// Of workers 55 and 56, pools 77 to 79, reason 33 and route 9, only worker 56 and pool 79 have a name.
    private static func ledgerWithLostNames() async throws -> TemporaryLedger {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        let lane = ledger.makeLane()
        lane.record(.name(LedgerName(kind: .worker, id: 56, route: 9, text: "rig")))
        lane.record(.name(LedgerName(kind: .pool, id: 79, route: 9, text: "main")))
        lane.record(
            .sessionOpened(
                LedgerSession(id: 1, time: Sample.time, worker: 55, remote: "192.0.2.1:4444", userAgent: "miner")
            )
        )
        for (pool, job) in [(77, 1), (79, 2)] as [(Int32, Int64)] {
            lane.record(.job(LedgerJob(id: job, jobID: "a", pool: pool, poolJobID: "b", poolDifficulty: 4)))
        }
        for id in 1...20 as ClosedRange<Int64> {
            let job = id % 3
            let pool: Int32 = [0, 77, 79][Int(job)]
            var share = Sample.share(id, worker: id % 2 == 0 ? 55 : 56, pool: pool, job: job, verdict: .stale)
            if id == 7 { share.worker = 0 }
            share.reason = id % 4 < 2 ? 33 : 0
            lane.record(.share(share))
        }
        lane.record(.lateVerdict(LedgerVerdict(id: 1, verdict: .rejected, reason: 33)))
        lane.record(
            .poolEvent(
                LedgerPoolEvent(
                    time: Sample.time,
                    kind: .failover,
                    pool: 77,
                    cause: "no answer",
                    fromPool: 77,
                    toPool: 78
                )
            )
        )
        try await ledger.end()
        return place
    }

    @Test func brokenPagesAreFindings() async throws {
        let ledger = try await AuditedLedger(seed: 7)
        let whole = try Data(contentsOf: URL(fileURLWithPath: ledger.copy))
        for page in 2..<whole.count / 4_096 {
            var broken = whole
            broken.replaceSubrange(page * 4_096..<page * 4_096 + 100, with: Data(repeating: 0xA5, count: 100))
            let path = ledger.place.folder + "/broken.sqlite"
            try broken.write(to: URL(fileURLWithPath: path))
            // Which page holds what is SQLite's affair: that it ends with an answer is what counts.
            _ = try? LedgerReader(path: path).verify()
        }
        let rootPage = try #require(
            try await DatabaseQueue(path: ledger.copy).read { db in
                try Int.fetchOne(db, sql: "SELECT rootpage FROM sqlite_master WHERE name = 'share'")
            }
        )
        var broken = whole
        let start = (rootPage - 1) * 4_096
        broken.replaceSubrange(start..<start + 100, with: Data(repeating: 0xA5, count: 100))
        try broken.write(to: URL(fileURLWithPath: ledger.copy))
        #expect(try LedgerReader(path: ledger.copy).verify().findings.contains { $0.table == "share" })
    }

    @Test(arguments: [
        "", "1", "1:", "x:00", "0:" + String(repeating: "0", count: 64), "1:" + String(repeating: "g", count: 64),
    ])
    func whatIsNoSealIsRefused(_ text: String) {
        #expect(LedgerSealID(text) == nil)
    }

    @Test func sealIsReadAsItIsShown() {
        let text = "17:" + String(repeating: "0f", count: 32)
        #expect(LedgerSealID(text)?.description == text)
    }

    /// The first finding in a copy changed by `sql`.
    private static func finding(_ ledger: AuditedLedger, _ sql: String) async throws -> LedgerFinding {
        let path = ledger.place.folder + "/" + UUID().uuidString
        try FileManager.default.copyItem(atPath: ledger.copy, toPath: path)
        try await DatabaseQueue(path: path).write { db in try db.execute(sql: sql) }
        return try #require(try LedgerReader(path: path).verify().findings.first)
    }
}

/// The second verifier, in `examples`.
struct PythonVerifier {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../examples/verify_ledger.py").standardized.path

    /// nil: there is no Python on this machine.
    init?() {
        guard (try? Self.launch(["-c", "pass"]).status) == 0 else { return nil }
    }

    /// What it says of each path.
    func run(_ arguments: [String]) throws -> [String: [String]] {
        let (output, status) = try Self.launch(["-B", Self.script] + arguments)
        guard status == 0 || status == 1 else { throw CocoaError(.executableLoad) }
        return Dictionary(grouping: output.split(separator: "\n").map(String.init)) { line in
            String(line.prefix { $0 != ":" })
        }
        .mapValues { lines in lines.map { String($0.drop { $0 != ":" }.dropFirst(2)) } }
    }

    private static func launch(_ arguments: [String]) throws -> (output: String, status: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (String(decoding: output, as: UTF8.self), process.terminationStatus)
    }
}

extension AuditedLedger {
    /// - Returns: Its path.
    func writePublicKey() throws -> String {
        let path = self.place.folder + "/key.pem"
        try Self.publicKey.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}

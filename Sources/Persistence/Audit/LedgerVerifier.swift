import Crypto
import GRDB

extension LedgerReader {
    /// Checks that the ledger is what was sealed, as `docs/ledger-format.md` says; it may be in use.
    /// - Parameters:
    ///   - publicKey: 32 bytes; every seal must be signed with this key.
    ///   - kept: a seal that was kept elsewhere and must be in the chain.
    /// - Throws: `LedgerError` when the ledger cannot be read for a reason that lies outside of it.
    package func verify(publicKey: [UInt8]? = nil, kept: LedgerSealID? = nil) throws(LedgerError) -> LedgerVerification
    {
        do {
            return try self.database.inDatabase { db in
                try db.beginTransaction(.deferred)
                // To commit would bring an error up again that a check met and noted.
                defer { try? db.rollback() }
                var verifier = LedgerVerifier(publicKey: publicKey, kept: kept)
                return try verifier.verify(db)
            }
        } catch {
            throw LedgerFile.explain(error, path: self.path, writing: false)
        }
    }
}

/// Walks along the chain of seals.
struct LedgerVerifier {
    private let publicKey: [UInt8]?
    private let kept: LedgerSealID?
    private var result = LedgerVerification()
    private var shareAudit = ShareAudit()
    private var streams: [SealedStream: StreamAudit] = [:]
    /// What the next seal may name as the one before: the hash that stands there, and the one that should.
    private var previous: Set<[UInt8]> = []

    init(publicKey: [UInt8]?, kept: LedgerSealID?) {
        self.publicKey = publicKey
        self.kept = kept
        for stream in SealedStream.numbered { self.streams[stream] = StreamAudit(stream) }
    }

    /// In one transaction.
    mutating func verify(_ db: Database) throws -> LedgerVerification {
        try self.attempt(table: "counter") { verifier in
            verifier.result.detailFrom = try RetentionCounters.detailFrom(db)
            verifier.result.rollupsFrom = try RetentionCounters.rollupsFrom(db)
            let genesis = try RawStatement(db, sql: "SELECT value FROM property WHERE name = 'genesis'")
            defer { genesis.reset() }
            if try genesis.step() { verifier.previous = [try genesis.bytes(0)] }
        }
        var last: Int64 = 0
        try self.attempt(table: "seal") { verifier in
            while let segment = try SealRecord.next(after: last, db) {
                if segment != last + 1 {
                    let gap = AuditRange(first: last + 1, last: segment - 1)
                    let problem = "\(gap.named("the seal of segment", "the seals of segments")) missing"
                    verifier.note(problem, segment: segment, table: "seal")
                }
                last = segment
                try verifier.checkSegment(segment, db)
            }
        }
        try self.checkRest(last, db)
        try self.attempt(table: "sealPart") { verifier in
            for stream in SealedStream.numbered {
                let sql = "SELECT count(*) FROM \(stream) WHERE id > ?"
                let count = try Int64.fetchOne(db, sql: sql, arguments: [SegmentSealer.covered(stream, db)]) ?? 0
                verifier.result.unsealedEvents += count
            }
        }
        return self.result
    }

    private mutating func checkSegment(_ segment: Int64, _ db: Database) throws {
        self.result.segments += 1
        var loaded: SealRecord?
        try self.attempt(segment, table: "seal") { _ in loaded = try SealRecord.load(segment, db) }
        guard let record = loaded else { return self.previous = [] }
        let seal = record.seal
        self.result.shares = self.result.shares &+ seal.totals.shares
        if segment < self.result.detailFrom {
            self.result.droppedShares = self.result.droppedShares &+ seal.totals.shares
        }
        self.result.firstTime = [self.result.firstTime, seal.firstTime].compactMap(\.self).min()
        self.result.lastTime = [self.result.lastTime, seal.lastTime].compactMap(\.self).max()
        try self.attempt(segment, record, table: "seal") { try $0.checkSeal(record) }
        var shares: OpenSegment?
        if let part = record.part(.share), segment >= self.result.detailFrom {
            try self.attempt(segment, record, table: "share") { shares = try $0.shareAudit.check(record, part, db) }
        }
        if let part = record.part(.rollup), segment >= self.result.rollupsFrom {
            try self.attempt(segment, record, table: "rollup") { _ in
                try RollupAudit.check(segment, part, shares: shares, db)
            }
        }
        for part in record.seal.parts {
            guard let table = self.streams[part.stream]?.stream.table else { continue }
            let first = part.stream.isDetail ? self.result.detailFrom : self.result.rollupsFrom
            try self.attempt(segment, record, table: table) {
                try $0.streams[part.stream]?.check(part, isKept: segment >= first, db)
            }
        }
    }

    private mutating func checkSeal(_ record: SealRecord) throws {
        let seal = record.seal
        let hash = seal.hash
        let follows = self.previous.contains(seal.previous)
        self.previous = [record.hash, hash]
        self.result.newestSeal = LedgerSealID(segment: seal.segment, hash: record.hash)
        if let kept, kept.segment == seal.segment, kept.hash != record.hash {
            throw AuditProblem("it is not the seal that was kept elsewhere")
        }
        guard follows else { throw AuditProblem("it does not follow the seal before") }
        guard hash == record.hash else { throw AuditProblem("its hash is not that of what it and its parts say") }
        try Self.checkParts(record)
        if seal.publicKey != nil || record.signature != nil {
            guard let key = seal.publicKey, let signature = record.signature,
                SealKey.isValid(signature: signature, of: hash, publicKey: key)
            else { throw AuditProblem("its signature is wrong") }
            self.result.signedSeals += 1
            if !self.result.publicKeys.contains(key) { self.result.publicKeys.append(key) }
        }
        if let publicKey, seal.publicKey != publicKey {
            throw AuditProblem(seal.publicKey == nil ? "it is not signed" : "it is signed with another key")
        }
    }

    /// Whether the parts, the totals and the segment's number agree.
    private static func checkParts(_ record: SealRecord) throws {
        let seal = record.seal
        guard let shares = record.part(.share) else {
            guard record.part(.rollup) == nil, seal.totals == Seal.Totals(), seal.firstTime == nil, seal.lastTime == nil
            else { throw AuditProblem("it has sums of shares, but no shares") }
            guard record.lowestJob == .max, record.lowestStint == .max else {
                throw AuditProblem("it has no shares, but lowestJob or lowestStint")
            }
            return
        }
        let first = LedgerEntry(segment: seal.segment, place: 0).number
        guard record.part(.rollup) != nil, shares.rows > 0, shares.rows == seal.totals.shares, shares.first == first,
            shares.rows <= LedgerEntry.segmentLimit, shares.last == first &+ shares.rows &- 1
        else { throw AuditProblem("it covers other shares than those of its segment") }
        guard let blocks = record.blocks else { return }
        guard Array(SHA256.hash(data: blocks)) == shares.digest else {
            throw AuditProblem("the digests of its blocks in sealPart were changed")
        }
    }

    private mutating func checkRest(_ last: Int64, _ db: Database) throws {
        if let kept, kept.segment > last {
            self.note("the seal that was kept elsewhere is missing", segment: kept.segment, table: "seal")
        }
        guard last < Int64.max / Int64(LedgerEntry.segmentLimit) else {
            return self.note("no router gets this far", segment: last, table: "seal")
        }
        try self.attempt(last + 1, table: "share") { verifier in
            let open = try verifier.shareAudit.open(last + 1, db)
            verifier.result.unsealedShares = Int64(open?.count ?? 0)
            guard let open, open.count == 0 else { return }
            throw AuditProblem("the segment is not sealed and has no shares")
        }
        for stream in SealedStream.numbered {
            guard let audit = self.streams[stream] else { continue }
            try self.attempt(table: audit.stream.table) { _ in try audit.checkRest(db) }
        }
        let strays = StrayRows(detailFrom: self.result.detailFrom, rollupsFrom: self.result.rollupsFrom, open: last + 1)
        for table in StrayRows.tables {
            try self.attempt(table: table.name) { verifier in
                for segment in try strays.segments(in: table, db) {
                    verifier.note("a row that no seal covers", segment: segment, table: table.name)
                }
            }
        }
        try self.attempt(table: "counter") { verifier in
            try RetentionAudit.check(
                detailFrom: verifier.result.detailFrom,
                rollupsFrom: verifier.result.rollupsFrom,
                lastSegment: last,
                droppedEvents: verifier.streams[.poolEvent]?.dropped ?? 0,
                db
            )
        }
    }

    // MARK: - Findings

    /// Runs a check; what it finds is noted with its place.
    private mutating func attempt(
        _ segment: Int64? = nil,
        _ record: SealRecord? = nil,
        table: String,
        _ check: (inout LedgerVerifier) throws -> Void
    ) throws {
        do {
            try check(&self)
        } catch let problem as AuditProblem {
            self.note(problem.text, segment: segment, record, table: table)
        } catch let damage as LedgerDamage {
            self.note("\(damage)", segment: segment, record, table: table)
        } catch let error as DatabaseError where Self.liesInTheFile(error) {
            self.note("it cannot be read (\(error.message ?? "\(error)"))", segment: segment, record, table: table)
        }
    }

    private mutating func note(_ problem: String, segment: Int64?, _ record: SealRecord? = nil, table: String) {
        self.result.findings.append(
            LedgerFinding(
                segment: segment,
                firstTime: record?.seal.firstTime,
                lastTime: record?.seal.lastTime,
                table: table,
                problem: problem
            )
        )
    }

    /// Not in the disk, nor in who else uses the file.
    private static func liesInTheFile(_ error: DatabaseError) -> Bool {
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_MISMATCH, .SQLITE_TOOBIG: true
        case .SQLITE_IOERR: error.extendedResultCode == .SQLITE_IOERR_SHORT_READ
        default: false
        }
    }
}

import Crypto
import Foundation
import GRDB

/// Seals segments: writes the rollups, then what the segment holds as a link of the hash chain.
struct SegmentSealer {
    /// Signs seals; nil: they are not signed.
    let key: SealKey?
    /// The hash that the next seal follows.
    private(set) var lastHash: [UInt8]
    /// The last id that a seal covers, of each numbered stream.
    private var covered: [SealedStream: Int64] = [:]

    /// Goes on where the file's last seal ends.
    init(_ db: Database, key: SealKey?) throws {
        self.key = key
        let hash = try Data.fetchOne(db, sql: "SELECT hash FROM seal ORDER BY segment DESC LIMIT 1")
        let genesis = try Data.fetchOne(db, sql: "SELECT value FROM property WHERE name = 'genesis'")
        self.lastHash = Array(hash ?? genesis ?? Data())
        for stream in SealedStream.numbered { self.covered[stream] = try Self.covered(stream, db) }
    }

    /// The last id that a seal covers; 0: none.
    static func covered(_ stream: SealedStream, _ db: Database) throws -> Int64 {
        let sql = "SELECT last FROM sealPart WHERE stream = ? ORDER BY segment DESC LIMIT 1"
        return try Int64.fetchOne(db, sql: sql, arguments: [stream.rawValue]) ?? 0
    }

    /// Seals `rows`, or, without any, what else has been recorded since the last seal, as segment `number`; part of a
    /// transaction.
    /// - Returns: Whether there was anything to seal.
    mutating func seal(_ rows: OpenSegment?, number: Int64, time: Int64, _ db: Database) throws -> Bool {
        var parts: [SealPart] = []
        var blocks: [UInt8] = []
        if let rows, rows.count > 0 {
            try Self.writeRollups(rows, db)
            let digest = rows.digest()
            blocks = digest.blocks
            let first = LedgerEntry(segment: number, place: 0).number
            parts.append(
                SealPart(
                    stream: .share,
                    first: first,
                    last: first + Int64(rows.count) - 1,
                    rows: Int64(rows.count),
                    digest: digest.digest
                )
            )
        }
        for stream in [SealedStream.lateVerdict, .sessionEvent] { try self.add(stream, to: &parts, db) }
        if let rows, rows.count > 0 {
            let rollups = try SealedRows.rollups(of: number, db)
            parts.append(SealPart(stream: .rollup, first: 0, last: 0, rows: rollups.rows, digest: rollups.digest))
        }
        for stream in [SealedStream.gap, .poolEvent] { try self.add(stream, to: &parts, db) }
        guard !parts.isEmpty else { return false }
        let seal = Seal(
            segment: number,
            time: time,
            firstTime: rows?.firstTime,
            lastTime: rows?.lastTime,
            totals: rows?.totals ?? Seal.Totals(),
            publicKey: self.key?.publicKey,
            parts: parts,
            previous: self.lastHash
        )
        try self.insert(seal, blocks: blocks, rows: rows, db)
        for part in parts { self.covered[part.stream] = part.last }
        return true
    }

    private func add(_ stream: SealedStream, to parts: inout [SealPart], _ db: Database) throws {
        let first = (self.covered[stream] ?? 0) + 1
        let summary = try SealedRows.summary(stream, ids: first...Int64.max, db)
        guard let ids = summary.ids else { return }
        parts.append(
            SealPart(
                stream: stream,
                first: ids.lowerBound,
                last: ids.upperBound,
                rows: summary.rows,
                digest: summary.digest
            )
        )
    }

    private mutating func insert(_ seal: Seal, blocks: [UInt8], rows: OpenSegment?, _ db: Database) throws {
        let hash = seal.hash
        let signature = try self.key.map { try $0.sign(hash) }
        try db.cachedStatement(
            sql: """
                INSERT INTO seal (segment, time, firstTime, lastTime, shares, forwarded, accepted, acceptedWork,
                    sessionWork, lowestJob, lowestStint, previous, hash, publicKey, signature)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        .execute(
            arguments: [
                seal.segment, seal.time, seal.firstTime, seal.lastTime, seal.totals.shares, seal.totals.forwarded,
                seal.totals.accepted, seal.totals.acceptedWork, seal.totals.sessionWork, rows?.lowestJob ?? Int64.max,
                rows?.lowestStint ?? Int64.max, Data(seal.previous), Data(hash), seal.publicKey.map { Data($0) },
                signature.map { Data($0) },
            ]
        )
        for part in seal.parts {
            let sql = """
                INSERT INTO sealPart (segment, stream, first, last, rows, digest, blocks) VALUES (?, ?, ?, ?, ?, ?, ?)
                """
            try db.cachedStatement(sql: sql).execute(
                arguments: [
                    seal.segment, part.stream.rawValue, part.first, part.last, part.rows, Data(part.digest),
                    part.stream == .share ? Data(blocks) : nil,
                ]
            )
        }
        self.lastHash = hash
    }

    private static func writeRollups(_ rows: OpenSegment, _ db: Database) throws {
        let statement = try RawStatement(
            db,
            sql: """
                INSERT INTO rollup (segment, worker, pool, outcome, minute, shares, sessionWork, poolWork, places)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        // In the order of the primary key, so that SQLite appends.
        let sorted = rows.rollups.sorted { left, right in
            (left.key.worker, left.key.pool, left.key.outcome, left.key.minute)
                < (right.key.worker, right.key.pool, right.key.outcome, right.key.minute)
        }
        for (key, rollup) in sorted {
            statement.bind(1, rows.number)
            statement.bind(2, Int64(key.worker))
            statement.bind(3, Int64(key.pool))
            statement.bind(4, Int64(key.outcome))
            statement.bind(5, key.minute)
            statement.bind(6, rollup.shares)
            statement.bind(7, rollup.sessionWork)
            statement.bind(8, rollup.poolWork)
            statement.bind(9, Int64(bitPattern: rollup.places.stored(count: rows.count)))
            try statement.run()
        }
    }
}

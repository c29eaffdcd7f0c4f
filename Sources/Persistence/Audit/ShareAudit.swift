import Crypto
import GRDB

/// What is wrong, in words; the place beyond segment and table is part of them.
struct AuditProblem: Error {
    var text: String

    init(_ text: String) {
        self.text = text
    }
}

/// Checks the shares of sealed segments against their seals.
struct ShareAudit {
    private var rows = SegmentRows()

    /// - Returns: What the segment's rows add up to.
    /// - Throws: `AuditProblem`, `LedgerDamage`, `DatabaseError`.
    mutating func check(_ record: SealRecord, _ part: SealPart, _ db: Database) throws -> OpenSegment {
        let rows = try self.load(part, record.seal.segment, db)
        let digest = rows.digest()
        if let blocks = record.blocks, Array(SHA256.hash(data: blocks)) == part.digest {
            try Self.compare(digest.blocks, sealed: blocks, rows, part, db)
        }
        guard rows.count == part.rows, digest.digest == part.digest else {
            throw AuditProblem("something in entries \(part.first) to \(part.last) was changed, inserted or removed")
        }
        guard record.blocks != nil else { throw AuditProblem("the digests of its blocks in sealPart are missing") }
        guard rows.totals == record.seal.totals, rows.firstTime == record.seal.firstTime,
            rows.lastTime == record.seal.lastTime
        else { throw AuditProblem("the sums in the seal are not those of the shares") }
        guard rows.lowestJob == record.lowestJob, rows.lowestStint == record.lowestStint else {
            throw AuditProblem("lowestJob or lowestStint in the seal is not that of the shares")
        }
        return rows
    }

    /// The shares of the segment that is not sealed yet; nil: there is none.
    /// - Throws: `AuditProblem`, `LedgerDamage`, `DatabaseError`.
    mutating func open(_ segment: Int64, _ db: Database) throws -> OpenSegment? {
        do {
            return try self.rows.load(segment, db)
        } catch let error as SegmentRows.Misplaced {
            throw Self.missing(error)
        }
    }

    private mutating func load(_ part: SealPart, _ segment: Int64, _ db: Database) throws -> OpenSegment {
        do {
            guard let rows = try self.rows.load(segment, db) else {
                throw AuditProblem("the segment's row in table segment is missing")
            }
            return rows
        } catch let error as SegmentRows.Misplaced {
            throw Self.missing(error)
        } catch let error as LedgerDamage {
            guard let entry = try Self.damagedEntry(part, db) else { throw error }
            throw AuditProblem("entry \(entry): \(error)")
        }
    }

    private static func missing(_ error: SegmentRows.Misplaced) -> AuditProblem {
        let gap = AuditRange(first: error.expected, last: error.found - 1)
        let isFirst = LedgerEntry(error.expected).place == 0
        return AuditProblem("\(gap.named("entry", "entries")) missing\(isFirst ? "" : " after \(error.expected - 1)")")
    }

    /// Names the first block that is not what was sealed.
    private static func compare(
        _ found: [UInt8],
        sealed: [UInt8],
        _ rows: OpenSegment,
        _ part: SealPart,
        _ db: Database
    ) throws {
        let count = Int64(rows.count)
        let block = zip(found, sealed).enumerated().first { $1.0 != $1.1 }.map { Int64($0.offset / 32) }
        let first = part.first &+ (block ?? 0) * Int64(OpenSegment.blockRows)
        let isLast = block.map { ($0 + 1) * Int64(OpenSegment.blockRows) >= min(count, part.rows) } ?? true
        if isLast, count < part.rows {
            let lost = AuditRange(first: part.first &+ count, last: part.last)
            throw AuditProblem("\(lost.named("entry", "entries")) missing at the end of the segment")
        }
        if isLast, count > part.rows { throw AuditProblem("entry \(part.last &+ 1) was inserted") }
        guard block != nil else { return }
        let last = min(first &+ Int64(OpenSegment.blockRows) &- 1, part.last)
        let ids = try Row.fetchOne(
            db,
            sql: """
                SELECT min(entry - ? + shift), max(entry - ? + shift) FROM share WHERE entry BETWEEN ? AND ?
                """,
            arguments: [part.first &- rows.baseShare, part.first &- rows.baseShare, first, last]
        )
        let shares = ids.map { " (shares \($0[0] as DatabaseValue) to \($0[1] as DatabaseValue))" } ?? ""
        throw AuditProblem("something in entries \(first) to \(last)\(shares) was changed")
    }

    /// The first row that holds, or refers to, a value of the wrong kind.
    private static func damagedEntry(_ part: SealPart, _ db: Database) throws -> Int64? {
        let integers = [
            "shift", "share.time", "share.stint", "share.job", "shareDifficulty", "outcome", "share.reason",
        ]
        let others = [
            "typeof(claim) <> 'blob'",
            "length(claim) NOT BETWEEN \(ShareClaim.sizes.lowerBound) AND \(ShareClaim.sizes.upperBound)",
            "outcome NOT BETWEEN 0 AND 255",
            "typeof(reasonCode) NOT IN ('integer', 'null')", "reasonCode NOT BETWEEN -2147483648 AND 2147483647",
            "typeof(latency) NOT IN ('integer', 'null')",
            "(share.job > 0 AND (typeof(job.pool) <> 'integer' OR job.pool NOT BETWEEN -2147483648 AND 2147483647 "
                + "OR typeof(poolDifficulty) <> 'real' OR typeof(jobID) <> 'text' OR typeof(poolJobID) <> 'text'))",
            "share.job < -2147483647", "typeof(stint.session) <> 'integer'", "typeof(stint.worker) <> 'integer'",
            "stint.worker NOT BETWEEN -2147483648 AND 2147483647", "typeof(stint.difficulty) <> 'real'",
        ]
        let wrong = integers.map { "typeof(\($0)) <> 'integer'" }
        return try Int64.fetchOne(
            db,
            sql: """
                SELECT entry FROM share LEFT JOIN job ON job.id = share.job LEFT JOIN stint ON stint.id = share.stint
                WHERE entry BETWEEN ? AND ? AND (\((wrong + others).joined(separator: " OR "))) ORDER BY entry LIMIT 1
                """,
            arguments: [part.first, part.last]
        )
    }
}

/// Rows by number.
struct AuditRange {
    var first: Int64
    var last: Int64

    /// `row 5 is`, `rows 5 to 7 are`
    func named(_ one: String, _ many: String) -> String {
        self.first == self.last ? "\(one) \(self.first) is" : "\(many) \(self.first) to \(self.last) are"
    }
}

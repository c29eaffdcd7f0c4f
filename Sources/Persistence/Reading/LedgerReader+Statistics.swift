import Foundation
import GRDB

/// How large a ledger is and what it holds.
package struct LedgerStatistics: Sendable, Hashable {
    /// Of the SQLite file, of its write-ahead log, of the journal's folder.
    package var fileBytes: Int64 = 0
    package var walBytes: Int64 = 0
    package var journalBytes: Int64 = 0
    /// Of the file, those that wait to be used again.
    package var freeBytes: Int64 = 0
    package var schemaVersion: Int64 = 0
    /// Sealed segments with shares whose rows are there.
    package var segments: Int64 = 0
    /// Rows: settled and sealed, settled and not yet sealed, without a verdict.
    package var sealedShares: Int64 = 0
    package var openShares: Int64 = 0
    package var pendingShares: Int64 = 0
    /// Milliseconds since 1970: when the first and the last share came that has a row.
    package var oldestShare: Int64?
    package var newestShare: Int64?
    package var rollups: Int64 = 0
    package var workers: Int64 = 0
    package var pools: Int64 = 0
    package var sessions: Int64 = 0
    /// Shares known only as totals, because they could not be written.
    package var gapShares: Int64 = 0
    /// Shares known only as totals, because they have been dropped.
    package var sharesWithoutDetail: Int64 = 0
    /// Shares that have been dropped with their totals.
    package var droppedShares: Int64 = 0
    package var newestSeal: LedgerSealSummary?

    package init() {}

    /// What a share's row takes on average, with all that belongs to it, rollups included; nil without any.
    package var bytesPerShare: Double? {
        let rows = self.sealedShares + self.openShares
        return rows > 0 ? Double(self.fileBytes - self.freeBytes) / Double(rows) : nil
    }
}

extension LedgerReader {
    /// What the ledger holds; quick, because nothing is counted one by one that a seal tells.
    package func statistics() throws -> LedgerStatistics {
        var statistics = try self.read { db in
            var statistics = LedgerStatistics()
            try Self.addSizes(to: &statistics, db)
            try Self.addShares(to: &statistics, db)
            return statistics
        }
        statistics.newestSeal = try self.newestSeal()
        statistics.fileBytes = Self.size(of: self.path)
        statistics.walBytes = Self.size(of: self.path + "-wal")
        let journal = self.path + ".journal"
        let segments = (try? FileManager.default.contentsOfDirectory(atPath: journal)) ?? []
        statistics.journalBytes = segments.reduce(0) { $0 + Self.size(of: "\(journal)/\($1)") }
        return statistics
    }

    private static func addSizes(to statistics: inout LedgerStatistics, _ db: Database) throws {
        func number(_ sql: String) throws -> Int64 { try Int64.fetchOne(db, sql: sql) ?? 0 }
        statistics.freeBytes = try number("PRAGMA freelist_count") &* (try number("PRAGMA page_size"))
        statistics.schemaVersion = try number("PRAGMA user_version")
        statistics.workers = try number("SELECT count(*) FROM worker")
        statistics.pools = try number("SELECT count(*) FROM pool")
        statistics.sessions = try number("SELECT count(*) FROM session")
        statistics.pendingShares = try number("SELECT count(*) FROM pending")
        let lastGap = try EventCursor(droppedIn: db).gap
        let gaps = "SELECT sum(shares) FROM gap WHERE id > ?"
        statistics.gapShares = try Int64.fetchOne(db, sql: gaps, arguments: [lastGap]) ?? 0
    }

    private static func addShares(to statistics: inout LedgerStatistics, _ db: Database) throws {
        let segments = try ReadableSegments(db)
        let sums = try Row.fetchOne(
            db,
            sql: """
                SELECT coalesce(sum(shares) FILTER (WHERE segment >= :detail), 0) AS sealed,
                    coalesce(sum(shares) FILTER (WHERE segment < :detail AND segment >= :rollups), 0) AS summed,
                    coalesce(sum(shares) FILTER (WHERE segment < :rollups), 0) AS dropped,
                    (SELECT coalesce(sum(rows), 0) FROM sealPart WHERE stream = :stream AND segment >= :rollups)
                        AS rollups
                FROM seal
                """,
            arguments: [
                "detail": segments.detailFrom, "rollups": segments.rollupsFrom,
                "stream": SealedStream.rollup.rawValue,
            ]
        )
        if let sums {
            statistics.sealedShares = try sums.value("sealed")
            statistics.sharesWithoutDetail = try sums.value("summed")
            statistics.droppedShares = try sums.value("dropped")
            statistics.rollups = try sums.value("rollups")
        }
        var times: [Int64] = []
        for segment in segments.all where segment.base != nil {
            if let sealed = segment.times {
                statistics.segments += 1
                times += [sealed.lowerBound, sealed.upperBound]
            } else if let base = segment.base {
                let open = try Row.fetchOne(
                    db,
                    sql: "SELECT count(*) AS rows, min(time) AS first, max(time) AS last FROM share WHERE entry >= ?",
                    arguments: [segment.entries.lowerBound]
                )
                statistics.openShares += try open?.value("rows") ?? 0
                times += [try open?.optional("first"), try open?.optional("last")].compactMap { time in
                    (time as Int64?).map { base.time &+ $0 }
                }
            }
        }
        statistics.oldestShare = times.min()
        statistics.newestShare = times.max()
    }

    private static func size(of path: String) -> Int64 {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.int64Value ?? 0
    }
}

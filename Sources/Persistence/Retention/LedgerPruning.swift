import Foundation
import GRDB

/// Drops old segments on demand, also while a router writes the file.
package struct LedgerPruning: Sendable {
    /// What a pruning drops.
    package struct Summary: Sendable, Hashable {
        /// Segments whose shares go, and the shares in them.
        package var segments: Int64 = 0
        package var shares: Int64 = 0
        /// Segments whose totals and events go.
        package var rollupSegments: Int64 = 0
    }

    /// Between two steps, so that the writer is let in.
    private static let pause = Duration.milliseconds(10)

    private let database: DatabaseQueue

    /// Opens an existing ledger.
    package init(path: String) throws(LedgerError) {
        let path = LedgerFile.resolved(path)
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
        self.database = try LedgerFile.openForWriting(path: path, durability: .process)
    }

    /// What `run` would drop.
    ///
    /// - Parameters:
    ///   - detailBefore: shares of segments that end before this time go, milliseconds since 1970; nil: none.
    ///   - rollupsBefore: the same for totals and events; their shares go as well.
    package func plan(detailBefore: Int64?, rollupsBefore: Int64?) throws -> Summary {
        try self.database.read { db in
            try LedgerPruner.plan(detailBefore: detailBefore, rollupsBefore: rollupsBefore, db).summary(db)
        }
    }

    /// Drops it, step by step. Interrupted, it is completed by the next pruning.
    /// - Parameter now: milliseconds since 1970.
    package func run(detailBefore: Int64?, rollupsBefore: Int64?, now: Int64) async throws -> Summary {
        let summary = try self.plan(detailBefore: detailBefore, rollupsBefore: rollupsBefore)
        var pruner = LedgerPruner()
        try self.change(&pruner) { pruner, db in
            _ = try pruner.begin(detailBefore: detailBefore, rollupsBefore: rollupsBefore, now: now, db)
        }
        var hasMore = true
        while hasMore {
            try self.change(&pruner) { pruner, db in hasMore = try pruner.step(db) }
            try await Task.sleep(for: Self.pause)
        }
        return summary
    }

    /// One short transaction.
    private func change(_ pruner: inout LedgerPruner, _ body: (inout LedgerPruner, Database) throws -> Void) throws {
        var changed = pruner
        try self.database.write { db in try body(&changed, db) }
        pruner = changed
    }
}

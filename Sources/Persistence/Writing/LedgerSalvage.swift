import Foundation
import GRDB

/// What can still be read of a damaged ledger, and what the file that continues it needs: numbers in the journal refer to
/// names that only the damaged file defines.
struct LedgerSalvage {
    var names: [LedgerName] = []
    var positions: [Int64: Int] = [:]
    var highWater = LedgerHighWater()
    /// The hash that the next seal follows; nil: not known.
    var lastHash: [UInt8]?

    init(names: [LedgerName], positions: [Int64: Int], highWater: LedgerHighWater, lastHash: [UInt8]?) {
        self.names = names
        self.positions = positions
        self.highWater = highWater
        self.lastHash = lastHash
    }

    /// Each as far as it can be read.
    init(path: String) {
        guard let database = try? LedgerFile.openReadOnly(path) else { return }
        defer { try? database.close() }
        self.names = (try? database.read { db in try LedgerName.fetchAll(db) }) ?? []
        self.positions = (try? database.read { db in try JournalPositions.fetchAll(db) }) ?? [:]
        self.highWater = (try? database.read { db in try LedgerHighWater(db) }) ?? LedgerHighWater()
        let sql = "SELECT hash FROM seal ORDER BY segment DESC LIMIT 1"
        self.lastHash = (try? database.read { db in try Data.fetchOne(db, sql: sql) }).flatMap { $0.map(Array.init) }
    }

    /// Part of the transaction that begins the new file.
    func save(_ db: Database) throws {
        let genesis = self.lastHash ?? (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        try db.execute(
            sql: "INSERT OR REPLACE INTO property (name, value) VALUES ('genesis', ?)",
            arguments: [Data(genesis)]
        )
        for name in self.names { try name.insert(db) }
        try JournalPositions.save(self.positions, removing: [], db)
        try self.highWater.save(db, since: LedgerHighWater())
    }
}

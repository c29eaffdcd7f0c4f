import Foundation
import GRDB

extension LedgerReader {
    /// Copies the ledger as it is at this moment into a new file, checks the copy, and only then gives it its name. The
    /// router goes on writing.
    /// - Throws: `LedgerError.unwritable` if there is such a file, or it cannot be made.
    package func backup(to destination: String) throws(LedgerError) {
        guard !FileManager.default.fileExists(atPath: destination) else {
            throw .unwritable(path: destination, reason: "it exists")
        }
        let part = "\(destination).\(getpid()).part"
        defer {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                try? FileManager.default.removeItem(atPath: part + suffix)
            }
        }
        do {
            try self.copy(to: part)
            try Self.check(part)
            try FileManager.default.moveItem(atPath: part, toPath: destination)
        } catch let error as LedgerError {
            throw error
        } catch let error as DatabaseError {
            throw LedgerFile.explain(error, path: destination, writing: true)
        } catch {
            throw .unwritable(path: destination, reason: error.localizedDescription)
        }
    }

    private func copy(to path: String) throws {
        let copy = try DatabaseQueue(path: path)
        // In one step, and so of one moment.
        try self.database.backup(to: copy, pagesPerStep: -1)
        // So that the file is complete by itself and can be read where nothing can be written.
        try copy.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA journal_mode = DELETE") }
        try copy.close()
    }

    private static func check(_ path: String) throws {
        let findings = try LedgerReader(path: path).read { db in try String.fetchAll(db, sql: "PRAGMA quick_check(1)") }
        if let finding = findings.first, finding != "ok" {
            let reason = "the copy is damaged, and so is perhaps the ledger: \(finding)"
            throw LedgerError.unreadable(path: path, reason: reason)
        }
    }
}

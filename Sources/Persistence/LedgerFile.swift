import Foundation
import GRDB

/// Opens the SQLite file and says in the operator's words what is wrong with it.
enum LedgerFile {
    /// How every SQLite file begins.
    private static let header = Array("SQLite format 3\0".utf8)

    /// Creates the file and its folder if need be, refuses what is not ours, brings the schema up to date.
    static func openForWriting(path: String) throws(LedgerError) -> DatabaseQueue {
        do {
            if try Self.holdsSomething(path) {
                // Read-only, so that a file that is not ours stays as it is.
                _ = try Self.check(try Self.openReadOnly(path), path: path)
            }
            var configuration = Configuration()
            configuration.label = "ledger"
            configuration.foreignKeysEnabled = false
            configuration.busyMode = .timeout(1)
            configuration.journalMode = .wal
            configuration.prepareDatabase { db in
                try db.execute(sql: "PRAGMA synchronous = NORMAL")
                try db.execute(sql: "PRAGMA journal_size_limit = \(64 << 20)")
                // Takes effect in a new file only: pages that become free can be given back a few at a time.
                try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            }
            let database = try DatabaseQueue(path: path, configuration: configuration)
            try LedgerSchema.migrator.migrate(database)
            return database
        } catch let error as LedgerError {
            throw error
        } catch {
            throw Self.explain(error, path: path, writing: true)
        }
    }

    /// Opens a ledger that exists, to read it, be it in use or not.
    static func openForReading(path: String) throws(LedgerError) -> DatabaseQueue {
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
        do {
            let database = try Self.openReadOnly(path)
            guard case .ledger(let version) = try Self.check(database, path: path), version > 0 else {
                throw LedgerError.notALedger(path: path, reason: "it is empty")
            }
            return database
        } catch let error as LedgerError {
            throw error
        } catch {
            throw Self.explain(error, path: path, writing: false)
        }
    }

    /// What `error` means for the operator.
    static func explain(_ error: any Error, path: String, writing: Bool) -> LedgerError {
        guard let error = error as? DatabaseError else {
            return writing
                ? .unwritable(path: path, reason: "\(error)") : .unreadable(path: path, reason: "\(error)")
        }
        let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_NOTADB: return .notALedger(path: path, reason: reason)
        case .SQLITE_CORRUPT: return .unreadable(path: path, reason: reason)
        default:
            return writing ? .unwritable(path: path, reason: reason) : .unreadable(path: path, reason: reason)
        }
    }

    private static func holdsSomething(_ path: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        // SQLite takes a file of a few bytes for a new database and would overwrite it.
        guard let file = FileHandle(forReadingAtPath: path) else { return true }
        defer { try? file.close() }
        guard let start = try file.read(upToCount: Self.header.count), !start.isEmpty else { return false }
        guard start.elementsEqual(Self.header) else {
            throw LedgerError.notALedger(path: path, reason: "file is not a database")
        }
        return true
    }

    private static func openReadOnly(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private static func check(_ database: DatabaseQueue, path: String) throws -> LedgerSchema.Kind {
        let kind = try database.read { db in try LedgerSchema.kind(db) }
        switch kind {
        case .empty: break
        case .foreign: throw LedgerError.notALedger(path: path, reason: "it belongs to another program")
        case .ledger(let version) where version > LedgerSchema.version:
            throw LedgerError.newerVersion(path: path, found: version, supported: LedgerSchema.version)
        case .ledger: break
        }
        return kind
    }
}

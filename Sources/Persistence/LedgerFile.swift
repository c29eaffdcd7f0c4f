import Foundation
import GRDB

/// Opens the SQLite file and says in the operator's words what is wrong with it.
enum LedgerFile {
    /// How every SQLite file begins.
    private static let header = Array("SQLite format 3\0".utf8)

    /// Creates the file and its folder if need be, refuses what is not ours, brings the schema up to date.
    static func openForWriting(path: String, durability: LedgerDurability) throws(LedgerError) -> DatabaseQueue {
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
                try db.execute(sql: "PRAGMA synchronous = \(durability == .power ? "FULL" : "NORMAL")")
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

    /// The path without symbolic links, so that a ledger has one lock and one journal, whatever name it is opened by.
    static func resolved(_ path: String) -> String {
        let url = URL(fileURLWithPath: path)
        let resolved = url.resolvingSymlinksInPath().path
        return resolved == url.standardizedFileURL.path ? path : resolved
    }

    /// What tells a file from another one that has its name later; nil if there is none.
    struct Identity: Equatable {
        private let device: dev_t
        private let node: ino_t

        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (self.device, self.node) = (status.st_dev, status.st_ino)
        }
    }

    /// Refuses a file that has a second name: a router that used the other one would not see this one's lock.
    static func checkNames(path: String) throws(LedgerError) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink > 1 else { return }
        throw .unwritable(
            path: path,
            reason: "it has \(status.st_nlink) names (hard links); a router on another one would not be noticed")
    }

    /// Opens a ledger that exists, to read it, be it in use or not.
    static func openForReading(path: String) throws(LedgerError) -> DatabaseQueue {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw .missing(path: path) }
        guard !isFolder.boolValue else { throw .notALedger(path: path, reason: "it is a folder") }
        do {
            _ = try Self.holdsSomething(path)
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

    /// Whether `error` lies in what stands in the file, not in the disk or in who else uses it.
    static func isDamage(_ error: any Error) -> Bool {
        switch error {
        case is LedgerDamage, is SegmentRows.Misplaced: true
        case let error as DatabaseError: error.resultCode == .SQLITE_CONSTRAINT || Self.isCorruption(error)
        default: false
        }
    }

    /// Whether SQLite itself found the file broken.
    static func isCorruption(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return false }
        return error.resultCode == .SQLITE_CORRUPT || error.resultCode == .SQLITE_NOTADB
    }

    /// Renames the file and what SQLite keeps beside it.
    /// - Returns: Its new path.
    static func setAside(path: String, now: Int64) throws(LedgerError) -> String {
        let stamp = LedgerTime.format(now).filter { $0.isNumber || $0 == "T" }.prefix(15)
        var aside = "\(path).damaged-\(stamp)"
        var attempt = 1
        while FileManager.default.fileExists(atPath: aside) {
            attempt += 1
            aside = "\(path).damaged-\(stamp)-\(attempt)"
        }
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            guard rename(path + suffix, aside + suffix) == 0 else {
                let reason = "the damaged file cannot be set aside: \(String(cString: strerror(errno)))"
                throw .unwritable(path: path, reason: reason)
            }
        }
        return aside
    }

    /// What `error` means for the operator.
    static func explain(_ error: any Error, path: String, writing: Bool) -> LedgerError {
        if error is LedgerDamage { return .damaged(path: path, reason: "\(error)") }
        guard let error = error as? DatabaseError else {
            return writing
                ? .unwritable(path: path, reason: "\(error)") : .unreadable(path: path, reason: "\(error)")
        }
        let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        switch error.resultCode {
        // That the file begins as SQLite's do has been seen before.
        case .SQLITE_NOTADB, .SQLITE_CORRUPT: return .damaged(path: path, reason: reason)
        case .SQLITE_READONLY where !writing, .SQLITE_CANTOPEN where !writing:
            let advice = "SQLite needs a folder it can write in, except for copies made by router-cli ledger backup"
            return .unreadable(path: path, reason: "\(reason); \(advice)")
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

    /// Whatever the file is.
    static func openReadOnly(_ path: String) throws -> DatabaseQueue {
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
        case .ledger(let version) where version < LedgerSchema.firstVersion:
            throw LedgerError.olderVersion(path: path, found: version)
        case .ledger: break
        }
        return kind
    }
}

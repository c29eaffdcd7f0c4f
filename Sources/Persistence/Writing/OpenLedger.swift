import Foundation
import GRDB

/// The file that is being written, and the book in it.
struct OpenLedger {
    private(set) var database: DatabaseQueue { didSet { self.identity = .init(path: self.configuration.path) } }
    private var identity: LedgerFile.Identity?
    var book: LedgerBook
    /// Where the file is that this one replaced because it was damaged; nil: none.
    private(set) var damagedFile: String?
    private let configuration: LedgerConfiguration
    private let seams: LedgerSeams
    private let recentJobs: RecentJobs

    /// Opens or creates the file; one that is damaged is set aside first.
    init(_ configuration: LedgerConfiguration, seams: LedgerSeams, recentJobs: RecentJobs) throws {
        self.configuration = configuration
        self.seams = seams
        self.recentJobs = recentJobs
        do {
            (self.database, self.book) = try Self.open(configuration, seams, recentJobs, continuing: nil)
        } catch  where Self.isDamage(error, path: configuration.path) {
            let aside = try LedgerFile.setAside(path: configuration.path, now: seams.now())
            let former = Former(path: aside, salvage: LedgerSalvage(path: aside))
            (self.database, self.book) = try Self.open(configuration, seams, recentJobs, continuing: former)
            self.damagedFile = aside
        }
        self.identity = LedgerFile.Identity(path: configuration.path)
    }

    /// The file that is written is found under its name. One that was moved away is written all the same.
    var isInPlace: Bool { self.identity == LedgerFile.Identity(path: self.configuration.path) }

    /// Reads the end of the book from the file again.
    mutating func reload() throws {
        self.book = try self.database.read { db in
            try LedgerBook(db, recentJobs: self.recentJobs, configuration: self.configuration, seams: self.seams)
        }
    }

    /// Sets the file aside and goes on in a new one, with what can be read of the old one.
    mutating func replace() throws {
        let aside = try self.setAside()
        let former = Former(path: aside, salvage: LedgerSalvage(path: aside))
        (self.database, self.book) = try Self.open(self.configuration, self.seams, self.recentJobs, continuing: former)
    }

    /// The same in the middle of a run: what is to be settled is in memory.
    mutating func replace(names: [LedgerName], positions: [Int64: Int], highWater: LedgerHighWater) throws {
        let salvage = LedgerSalvage(
            names: names,
            positions: positions,
            highWater: highWater,
            lastHash: self.book.lastHash
        )
        let former = Former(path: try self.setAside(), salvage: salvage, book: self.book)
        (self.database, self.book) = try Self.open(self.configuration, self.seams, self.recentJobs, continuing: former)
    }

    private mutating func setAside() throws -> String {
        try? self.database.close()
        let aside = try LedgerFile.setAside(path: self.configuration.path, now: self.seams.now())
        self.damagedFile = aside
        return aside
    }

    /// The ledger that a new file continues.
    private struct Former {
        var path: String
        var salvage: LedgerSalvage
        var book: LedgerBook?
    }

    private static func open(
        _ configuration: LedgerConfiguration,
        _ seams: LedgerSeams,
        _ recentJobs: RecentJobs,
        continuing former: Former?
    ) throws -> (DatabaseQueue, LedgerBook) {
        let path = configuration.path
        let database = try LedgerFile.openForWriting(path: path, durability: configuration.durability)
        let book = try database.write { db in
            if let former {
                try former.salvage.save(db)
            } else if try Data.fetchOne(db, sql: "SELECT value FROM property WHERE name = 'genesis'") == nil {
                try LedgerSalvage(names: [], positions: [:], highWater: LedgerHighWater(), lastHash: nil).save(db)
            }
            var book = try LedgerBook(db, recentJobs: recentJobs, configuration: configuration, seams: seams)
            if let former {
                let cause = "the ledger was damaged and is now at \(former.path)"
                try book.begin(continuing: former.book, now: seams.now(), cause: cause, db)
            }
            return book
        }
        return (database, book)
    }

    private static func isDamage(_ error: any Error, path: String) -> Bool {
        switch error {
        case LedgerError.damaged: true
        // Not a SQLite file any more, but beside it is the journal of a router.
        case LedgerError.notALedger: FileManager.default.fileExists(atPath: path + ".journal")
        default: LedgerFile.isDamage(error)
        }
    }
}

import GRDB

/// Reads a ledger, be it in use by a router or not; what the router recorded in the last fraction of a second may not
/// be there yet.
package struct LedgerReader: Sendable {
    let path: String
    let database: DatabaseQueue

    /// Opens an existing ledger and changes nothing in it.
    package init(path: String) throws(LedgerError) {
        self.path = LedgerFile.resolved(path)
        self.database = try LedgerFile.openForReading(path: self.path)
    }

    /// The routes that the ledger knows and what each speaks, in order of their names.
    package func routes() throws(LedgerError) -> [LedgerRoute] {
        try self.read { db in try RouteRows.fetchAll(db).values.sorted { $0.name < $1.name } }
    }

    /// Runs `body` on one state of the file. While it runs, the router's write-ahead log cannot begin anew, so nothing in
    /// it may wait for the outside.
    func read<Result>(_ body: (Database) throws -> Result) throws(LedgerError) -> Result {
        do {
            return try self.database.read { db in try body(db) }
        } catch {
            throw LedgerFile.explain(error, path: self.path, writing: false)
        }
    }
}

/// A stretch of time in milliseconds since 1970; nil: open on that side.
package struct LedgerPeriod: Sendable, Hashable {
    /// The first moment that belongs to it.
    package var since: Int64?
    /// The first moment after it.
    package var until: Int64?

    package init(since: Int64? = nil, until: Int64? = nil) {
        self.since = since
        self.until = until
    }

    /// Whether a moment belongs to it.
    @inline(__always)
    package func contains(_ time: Int64) -> Bool {
        if let since, time < since { return false }
        if let until, time >= until { return false }
        return true
    }
}

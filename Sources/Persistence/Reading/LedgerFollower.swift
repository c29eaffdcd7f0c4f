import GRDB

/// Reads on where it stopped, for as long as somebody asks.
///
/// Asking is cheap while nothing is written. Not to be asked from two threads at once.
package struct LedgerFollower {
    private let reader: LedgerReader
    private var lastVersion: Int64?

    /// The reader must not be used for anything else.
    private init(_ reader: LedgerReader) {
        self.reader = reader
    }

    /// Runs `body` if the file has changed since the last time.
    private mutating func ifChanged(_ body: (Database) throws -> Void) throws {
        // Read before the rest: what is written in between is seen the next time.
        let version = try self.reader.read { db in try Int64.fetchOne(db, sql: "PRAGMA data_version") }
        guard version == nil || version != self.lastVersion else { return }
        try self.reader.read(body)
        self.lastVersion = version
    }

    /// Shares as they are settled.
    package struct Shares {
        private var follower: LedgerFollower
        private var filter: LedgerShareFilter

        /// Begins with the newest shares, `filter.limit` of them (all if it is nil).
        package init(_ reader: LedgerReader, _ filter: LedgerShareFilter) {
            self.follower = LedgerFollower(reader)
            self.filter = filter
            self.filter.onlySettled = true
        }

        /// Those that have been settled since the last time, oldest first.
        package mutating func next() throws -> [LedgerShareRecord] {
            var filter = self.filter
            var records: [LedgerShareRecord] = []
            try self.follower.ifChanged { db in
                let end = try Int64.fetchOne(db, sql: "SELECT max(entry) FROM share")
                records = try ShareQuery.records(filter, db)
                filter.afterEntry = max(end ?? 0, filter.afterEntry ?? 0)
                filter.limit = nil
            }
            self.filter = filter
            return records
        }
    }

    /// Events as they are written.
    package struct Events {
        private var follower: LedgerFollower
        private var filter: LedgerEventFilter
        private var cursor: EventCursor?

        /// Begins with the newest events, `filter.limit` of them (all if it is nil).
        package init(_ reader: LedgerReader, _ filter: LedgerEventFilter) {
            self.follower = LedgerFollower(reader)
            self.filter = filter
        }

        /// Those that have been written since the last time, oldest first.
        package mutating func next() throws -> [LedgerEventRecord] {
            var (filter, cursor) = (self.filter, self.cursor)
            var records: [LedgerEventRecord] = []
            try self.follower.ifChanged { db in
                let end = try EventCursor(endOf: db)
                let start = try cursor ?? EventCursor(droppedIn: db)
                records = try EventQuery(filter).events(after: start, db)
                cursor = end.advanced(from: start)
                filter.limit = nil
            }
            (self.filter, self.cursor) = (filter, cursor)
            return records
        }
    }
}

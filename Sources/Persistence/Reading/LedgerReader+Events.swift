extension LedgerReader {
    /// Events, oldest first: of pools, of sessions, and gaps (shares that are known only as totals).
    package func events(_ filter: LedgerEventFilter) throws -> [LedgerEventRecord] {
        try self.read { db in
            try EventQuery(filter).events(after: EventCursor(droppedIn: db), db)
        }
    }
}

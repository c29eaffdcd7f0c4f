import GRDB

/// The last rows of the tables that events come from.
struct EventCursor: Hashable {
    var poolEvent: Int64
    var sessionEvent: Int64
    var gap: Int64

    private init(_ last: (SealedStream, String) throws -> Int64) rethrows {
        self.poolEvent = try last(.poolEvent, "poolEvent")
        self.sessionEvent = try last(.sessionEvent, "sessionEvent")
        self.gap = try last(.gap, "gap")
    }

    /// Where the file ends now.
    init(endOf db: Database) throws {
        try self.init { _, table in try Int64.fetchOne(db, sql: "SELECT max(id) FROM \(table)") ?? 0 }
    }

    /// The last rows that were dropped; they may still be in the file.
    init(droppedIn db: Database) throws {
        let detailFrom = try RetentionCounters.detailFrom(db)
        let rollupsFrom = try RetentionCounters.rollupsFrom(db)
        try self.init { stream, _ in
            let first = stream.isDetail ? detailFrom : rollupsFrom
            guard first > 1 else { return 0 }
            let sql = "SELECT last FROM sealPart WHERE stream = ? AND segment < ? ORDER BY segment DESC LIMIT 1"
            return try Int64.fetchOne(db, sql: sql, arguments: [stream.rawValue, first]) ?? 0
        }
    }

    /// The later of both, table by table.
    func advanced(from former: EventCursor) -> EventCursor {
        var cursor = self
        cursor.poolEvent = max(cursor.poolEvent, former.poolEvent)
        cursor.sessionEvent = max(cursor.sessionEvent, former.sessionEvent)
        cursor.gap = max(cursor.gap, former.gap)
        return cursor
    }
}

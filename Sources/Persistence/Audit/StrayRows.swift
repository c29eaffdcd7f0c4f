import GRDB

/// Rows of segments that neither a seal nor the open segment accounts for.
struct StrayRows {
    /// A table whose rows belong to segments.
    struct Table {
        var name: String
        var column: String
        /// Values of `column` that belong to one segment.
        var width: Int64 = 1
        /// Goes with the shares when these are dropped; nil: is never dropped.
        var isDetail: Bool?
        /// The open segment has such rows.
        var isOpen = false
    }

    static let tables = [
        Table(name: "share", column: "entry", width: Int64(LedgerEntry.segmentLimit), isDetail: true, isOpen: true),
        Table(name: "segment", column: "id", isDetail: true, isOpen: true),
        Table(name: "rollup", column: "segment", isDetail: false),
        Table(name: "seal", column: "segment"),
        Table(name: "sealPart", column: "segment"),
    ]

    /// No more than this many of each table are named.
    private static let limit = 100

    let detailFrom: Int64
    let rollupsFrom: Int64
    let open: Int64

    /// The segments of such rows.
    func segments(in table: Table, _ db: Database) throws -> [Int64] {
        let first = table.isDetail.map { $0 ? self.detailFrom : self.rollupsFrom } ?? 1
        let next = try RawStatement(
            db,
            sql: "SELECT \(table.column) FROM \(table.name) WHERE \(table.column) >= ? ORDER BY \(table.column) LIMIT 1"
        )
        var strays: [Int64] = []
        var from = Int64.min
        while true {
            next.bind(1, from)
            defer { next.reset() }
            guard try next.step() else { return strays }
            let segment = LedgerTime.floorDivide(try next.integer(0), by: table.width)
            let isKnown = segment >= 1 ? try segment < first || self.isCovered(segment, table, db) : false
            if !isKnown { strays.append(segment) }
            guard segment < Int64.max / table.width, strays.count < Self.limit else { return strays }
            from = (segment + 1) * table.width
        }
    }

    private func isCovered(_ segment: Int64, _ table: Table, _ db: Database) throws -> Bool {
        if segment == self.open { return table.isOpen }
        let seal = try RawStatement(db, sql: "SELECT shares FROM seal WHERE segment = ?")
        defer { seal.reset() }
        seal.bind(1, segment)
        guard try seal.step() else { return false }
        return try table.isDetail == nil || seal.integer(0) > 0
    }
}

/// Checks that what is missing was dropped by the router.
enum RetentionAudit {
    /// `droppedEvents`: the last pool event that was dropped.
    /// - Throws: `AuditProblem`, `LedgerDamage`, `DatabaseError`.
    static func check(
        detailFrom: Int64,
        rollupsFrom: Int64,
        lastSegment: Int64,
        droppedEvents: Int64,
        _ db: Database
    ) throws {
        let event = try RawStatement(
            db,
            sql: """
                SELECT detail FROM poolEvent WHERE kind = '\(LedgerPoolEventKind.pruned.rawValue)' AND id > ?
                ORDER BY id DESC LIMIT 1
                """
        )
        defer { event.reset() }
        event.bind(1, droppedEvents)
        let recorded = try event.step() ? event.text(0) : "detail_from=1 rollups_from=1"
        guard recorded == "detail_from=\(detailFrom) rollups_from=\(rollupsFrom)",
            rollupsFrom >= 1, detailFrom >= rollupsFrom, detailFrom <= lastSegment + 1
        else {
            throw AuditProblem(
                "detailFrom \(detailFrom) and rollupsFrom \(rollupsFrom) are not what the latest event of kind pruned says "
                    + "(\(recorded)): rows were not dropped by the router"
            )
        }
    }
}

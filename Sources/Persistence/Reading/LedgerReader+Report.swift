extension LedgerReader {
    /// Totals of the shares that `filter` chooses, one line for each distinct combination of `keys`, gaps included.
    ///
    /// Without keys, one line for all. `now` bounds the time over which a hashrate is estimated.
    package func report(by keys: [LedgerReportKey], _ filter: LedgerReportFilter, now: Int64) throws
        -> LedgerReportTable
    {
        try self.read { db in
            let selection = try LedgerSelection(
                workers: filter.workers,
                pools: filter.pools,
                routes: filter.routes,
                db
            )
            var walk = try LedgerWalk(period: filter.period, selection: selection, db)
            var lookup = LedgerLookup()
            var tally = LedgerReportTally(keys: keys, routes: try lookup.allRoutes(db))
            try walk.run(db) { try tally.add($0, &lookup, db) }
            return LedgerReportTable(
                rows: try tally.rows(period: filter.period, now: now, &lookup, db),
                isToTheMinute: walk.isToTheMinute,
                droppedShares: try walk.droppedShares(db)
            )
        }
    }

    /// The same over everyone's shares, the lines alone.
    package func report(by keys: [LedgerReportKey], period: LedgerPeriod, now: Int64) throws -> [LedgerReportRow] {
        var filter = LedgerReportFilter()
        filter.period = period
        return try self.report(by: keys, filter, now: now).rows
    }
}

import GRDB

/// What a pool accepted from the router, to be compared with what the pool says.
package struct LedgerAcceptedWork: Sendable {
    package var work: AcceptedWork
    /// Names of all workers, of whatever route.
    package var workers: [Int32: String]
    /// Shares of these periods, of whatever pool, that were dropped together with their totals.
    package var droppedShares: Int64
    /// Some borders are within a minute of which only totals are left.
    package var isToTheMinute: Bool
}

extension LedgerReader {
    /// Cuts within a minute that are worth looking up single shares for.
    private static let fineCuts = 64

    /// The names of all pools, or of those of a route, in order.
    package func pools(route: String? = nil) throws(LedgerError) -> [String] {
        try self.read { db in
            let selection = try LedgerSelection(routes: route.map { [$0] } ?? [], db)
            let rows = try Row.fetchAll(db, sql: "SELECT name, route FROM pool ORDER BY name")
            var names: [String] = []
            for row in rows where selection.routes?.contains(try row.value("route")) != false {
                let name: String = try row.value("name")
                if names.last != name { names.append(name) }
            }
            return names
        }
    }

    /// What is spoken at the routes that have a pool of that name, or at that route alone: each protocol once, in order
    /// of the routes' names.
    package func protocols(pool: String, route: String? = nil) throws(LedgerError) -> [LedgerProtocol] {
        try self.read { db in
            let selection = try LedgerSelection(routes: route.map { [$0] } ?? [], db)
            let ids = try Int32.fetchSet(db, sql: "SELECT route FROM pool WHERE name = ?", arguments: [pool])
            let routes = try RouteRows.fetchAll(db)
                .filter { ids.contains($0.key) && selection.routes?.contains($0.key) != false }
                .values.sorted { $0.name < $1.name }
            var protocols: [LedgerProtocol] = []
            for route in routes where !protocols.contains(route.protocol) { protocols.append(route.protocol) }
            return protocols
        }
    }

    /// The work that a pool accepted, to be asked for the amounts of `periods` with `edge` (milliseconds).
    ///
    /// From totals by minute, gaps included; from single shares where a period begins or ends within a minute. Shares
    /// whose verdict never came are in it as such.
    package func acceptedWork(
        pool: String,
        route: String? = nil,
        periods: [Range<Int64>],
        edge: Int64
    ) throws(LedgerError) -> LedgerAcceptedWork {
        try self.read { db in
            let selection = try LedgerSelection(
                pools: [pool],
                routes: route.map { [$0] } ?? [],
                verdicts: [.accepted, .lost, .unknown, .pending],
                db
            )
            var result = LedgerAcceptedWork(
                work: AcceptedWork(periods: periods, edge: edge),
                workers: [:],
                droppedShares: 0,
                isToTheMinute: false
            )
            for stretch in result.work.stretches(limit: Self.fineCuts) {
                let period = LedgerPeriod(since: stretch.lowerBound, until: stretch.upperBound)
                var walk = try LedgerWalk(period: period, selection: selection, db)
                try walk.run(db) { result.work.add(try AcceptedWork.Portion($0)) }
                if walk.isToTheMinute { result.isToTheMinute = true }
                result.droppedShares &+= try walk.droppedShares(db)
            }
            let rows = try Row.fetchCursor(db, sql: "SELECT id, name FROM worker")
            while let row = try rows.next() { result.workers[try row.value("id")] = try row.value("name") }
            return result
        }
    }
}

extension AcceptedWork.Portion {
    fileprivate init(_ summand: LedgerSummand) throws {
        guard summand.poolWork.isFinite, summand.poolWork >= 0 else { throw LedgerDamage(column: "poolWork") }
        let isAccepted = summand.outcome.verdict == .accepted
        self.init(
            worker: summand.worker,
            times: summand.firstTime...max(summand.firstTime, summand.lastTime),
            shares: summand.shares,
            // Only what was forwarded can have been credited.
            work: summand.poolWork,
            isAccepted: isAccepted
        )
    }
}

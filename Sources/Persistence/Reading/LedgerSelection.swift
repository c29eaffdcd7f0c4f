import GRDB

/// A choice of workers, pools, routes and verdicts, with names made numbers.
struct LedgerSelection {
    /// nil: any.
    let workers: Set<Int32>?
    let pools: Set<Int32>?
    let routes: Set<Int32>?
    /// Bit i: the verdict with raw value i.
    private let verdicts: UInt16

    /// Empty lists do not restrict; a name that is nowhere recorded matches nothing.
    init(
        workers: [String] = [],
        pools: [String] = [],
        routes: [String] = [],
        verdicts: [LedgerVerdictKind] = [],
        _ db: Database
    ) throws {
        // By way of the routes, so that the index on route and name serves.
        func ids(_ table: String, _ names: [String]) throws -> Set<Int32>? {
            let condition = table == "route" ? "" : "route IN (SELECT id FROM route) AND "
            return try Self.ids("SELECT id FROM \(table) WHERE \(condition)name", in: names, db)
        }
        self.workers = try ids("worker", workers)
        self.pools = try ids("pool", pools)
        self.routes = try ids("route", routes)
        self.verdicts = verdicts.isEmpty ? .max : verdicts.reduce(0) { $0 | 1 << UInt16($1.rawValue) }
    }

    /// Nothing is left out.
    var isAll: Bool { !self.choosesNames && self.verdicts == .max }

    /// It matters who found a share, or for whom.
    var choosesNames: Bool { self.workers != nil || self.pools != nil || self.routes != nil }

    /// Nothing is let through.
    var isNothing: Bool { [self.workers, self.pools, self.routes].contains { $0?.isEmpty == true } }

    @inline(__always)
    func matches(outcome: UInt8) -> Bool { self.verdicts >> UInt16(outcome & 15) & 1 != 0 }

    @inline(__always)
    func matches(worker: Int32, pool: Int32, _ lookup: inout LedgerLookup, _ db: Database) throws -> Bool {
        if let workers, !workers.contains(worker) { return false }
        if let pools, !pools.contains(pool) { return false }
        guard let routes else { return true }
        guard let route = try lookup.route(worker: worker, pool: pool, db) else { return false }
        return routes.contains(route)
    }

    private static func ids(_ sql: String, in names: [String], _ db: Database) throws -> Set<Int32>? {
        guard !names.isEmpty else { return nil }
        let marks = LedgerCondition.marks(names.count)
        let rows = try Row.fetchAll(db, sql: "\(sql) IN (\(marks))", arguments: StatementArguments(names))
        return Set(try rows.map { try $0.value("id") })
    }
}

/// Conditions of a query with their arguments.
struct LedgerCondition {
    private(set) var terms: [String] = []
    private(set) var arguments = StatementArguments()

    /// `WHERE …`, or nothing.
    var sql: String { self.terms.isEmpty ? "" : "WHERE " + self.terms.joined(separator: " AND ") }

    mutating func add(_ term: String, _ arguments: StatementArguments = []) {
        self.terms.append(term)
        self.arguments += arguments
    }

    mutating func add(_ period: LedgerPeriod, column: String) {
        if let since = period.since { self.add("\(column) >= ?", [since]) }
        if let until = period.until { self.add("\(column) < ?", [until]) }
    }

    /// One of `values`; no condition if there are none.
    mutating func add(_ column: String, in values: [some DatabaseValueConvertible]) {
        guard !values.isEmpty else { return }
        self.add("\(column) IN (\(Self.marks(values.count)))", StatementArguments(values))
    }

    /// `?, ?, ?`
    static func marks(_ count: Int) -> String {
        Array(repeating: "?", count: count).joined(separator: ", ")
    }
}

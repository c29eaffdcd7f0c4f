import GRDB

/// Reads a ledger, be it in use by a router or not; what the router recorded in the last fraction of a second may not
/// be there yet.
package struct LedgerReader: Sendable {
    let database: DatabaseQueue

    /// Opens an existing ledger and changes nothing in it.
    package init(path: String) throws(LedgerError) {
        self.database = try LedgerFile.openForReading(path: path)
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
}

/// Conditions of a query with their arguments.
struct LedgerCondition {
    private(set) var terms: [String] = []
    private(set) var arguments = StatementArguments()

    /// `WHERE …`, or nothing.
    var sql: String { self.terms.isEmpty ? "" : "WHERE " + self.terms.joined(separator: " AND ") }

    mutating func add(_ term: String, _ arguments: StatementArguments) {
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

    /// A number whose name is one of `names`; no condition if there are none.
    mutating func add(_ column: String, table: String, named names: [String]) {
        guard !names.isEmpty else { return }
        let ids = "SELECT id FROM \(table) WHERE name IN (\(Self.marks(names.count)))"
        self.add("\(column) IN (\(ids))", StatementArguments(names))
    }

    /// A worker of one of these routes.
    mutating func add(_ column: String, routes: [String]) {
        guard !routes.isEmpty else { return }
        let ids = """
            SELECT worker.id FROM worker JOIN route ON route.id = worker.route
            WHERE route.name IN (\(Self.marks(routes.count)))
            """
        self.add("\(column) IN (\(ids))", StatementArguments(routes))
    }

    /// `?, ?, ?`
    static func marks(_ count: Int) -> String {
        Array(repeating: "?", count: count).joined(separator: ", ")
    }
}

import Foundation
import GRDB

/// A change of a ledger's file by someone who is not the router.
struct Alteration: CustomStringConvertible {
    struct Step {
        var sql: String
        var arguments: [DatabaseValue] = []
    }

    var description: String
    var steps: [Step]
    /// The table that is changed.
    var table: String
    /// Where it is to be found, when that is one segment's shares.
    var segment: Int64?

    /// Throws when the file does not allow it.
    func apply(_ db: Database) throws {
        for step in self.steps {
            try db.execute(sql: step.sql, arguments: StatementArguments(step.arguments))
        }
    }
}

/// Thinks of alterations of what is sealed.
struct Forger {
    private struct Table {
        var name: String
        var key: [String]
        /// Rows of which a seal knows.
        var sealed: String
        /// Its rows are numbered without a hole.
        var isNumbered = false
        /// Another row of it changes what seals cover.
        var canGrow = true
    }

    private static let shares = """
        entry >= (SELECT value FROM floor) << 18 AND entry < (SELECT max(segment) + 1 FROM seal) << 18
        """

    /// The rows of a numbered stream that are kept and sealed.
    private static func stream(_ number: Int, from counter: String) -> String {
        """
        id <= (SELECT max(last) FROM sealPart WHERE stream = \(number)) AND id > (SELECT coalesce(max(last), 0)
            FROM sealPart WHERE stream = \(number) AND segment < (SELECT value FROM \(counter)))
        """
    }

    private static let sessions = """
        SELECT session FROM sessionEvent WHERE closeReason IS NULL AND \(Self.stream(3, from: "floor"))
        """
    private static let stints = "SELECT stint FROM share WHERE \(Self.shares)"
    private static let rollups = """
        segment >= (SELECT value FROM lowFloor) AND segment IN (SELECT segment FROM seal)
        """
    private static let workers = """
        SELECT worker FROM rollup WHERE \(Self.rollups) UNION SELECT worker FROM session WHERE id IN (\(Self.sessions))
        """

    // Shares twice: they are what most rows are.
    private static let tables = [
        Table(name: "share", key: ["entry"], sealed: Self.shares, isNumbered: true),
        Table(name: "share", key: ["entry"], sealed: Self.shares, isNumbered: true),
        Table(
            name: "segment",
            key: ["id"],
            sealed: "id >= (SELECT value FROM floor) AND id IN (SELECT segment FROM seal)"
        ),
        Table(name: "stint", key: ["id"], sealed: "id IN (\(Self.stints))", canGrow: false),
        Table(name: "job", key: ["id"], sealed: "id IN (SELECT job FROM share WHERE \(Self.shares))", canGrow: false),
        Table(name: "worker", key: ["id"], sealed: "id IN (\(Self.workers))", canGrow: false),
        Table(
            name: "pool",
            key: ["id"],
            sealed: "id IN (SELECT pool FROM rollup WHERE \(Self.rollups))",
            canGrow: false
        ),
        Table(
            name: "route",
            key: ["id"],
            sealed: "id IN (SELECT route FROM worker WHERE id IN (\(Self.workers)))",
            canGrow: false
        ),
        Table(
            name: "reason",
            key: ["id"],
            sealed: """
                id IN (SELECT reason FROM share WHERE \(Self.shares)
                    UNION SELECT reason FROM lateVerdict WHERE \(Self.stream(2, from: "floor")))
                """,
            canGrow: false
        ),
        Table(name: "session", key: ["id"], sealed: "id IN (\(Self.sessions))", canGrow: false),
        Table(name: "lateVerdict", key: ["id"], sealed: Self.stream(2, from: "floor"), isNumbered: true),
        Table(name: "sessionEvent", key: ["id"], sealed: Self.stream(3, from: "floor"), isNumbered: true),
        Table(name: "gap", key: ["id"], sealed: Self.stream(5, from: "lowFloor"), isNumbered: true),
        Table(name: "poolEvent", key: ["id"], sealed: Self.stream(6, from: "lowFloor"), isNumbered: true),
        Table(name: "rollup", key: ["segment", "worker", "pool", "outcome", "minute"], sealed: Self.rollups),
        Table(name: "seal", key: ["segment"], sealed: "true"),
        Table(name: "sealPart", key: ["segment", "stream"], sealed: "true"),
    ]

    /// How to read what is sealed, which is not sealed itself.
    private static let unsealed: Set = ["protocol", "hashesPerDifficulty"]

    private var generator: SeededGenerator
    private let columns: [String: [String]]
    private let detailFrom: Int64

    /// Makes temporary tables in `db` for its own use.
    init(seed: UInt64, _ db: Database) throws {
        self.generator = SeededGenerator(seed: seed)
        var columns: [String: [String]] = [:]
        for table in Self.tables {
            columns[table.name] = try db.columns(in: table.name).map(\.name).filter { !Self.unsealed.contains($0) }
        }
        self.columns = columns
        self.detailFrom = try Int64.fetchOne(db, sql: "SELECT value FROM counter WHERE name = 'detailFrom'") ?? 1
        for (name, counter) in [("floor", "detailFrom"), ("lowFloor", "rollupsFrom")] {
            try db.execute(
                sql: """
                    CREATE TEMP TABLE \(name) AS
                    SELECT coalesce((SELECT value FROM counter WHERE name = '\(counter)'), 1) AS value
                    """
            )
        }
    }

    /// The next one; nil: what came to mind is none.
    mutating func next(_ db: Database) throws -> Alteration? {
        guard let table = Self.tables.randomElement(using: &self.generator) else { return nil }
        guard let row = try self.row(table, db) else { return nil }
        switch Int.random(in: 0..<12, using: &self.generator) {
        case 0..<7: return self.flip(table, row)
        case 7: return self.delete(table, row)
        case 8: return try self.insert(table, row, db)
        case 9: return try self.swap(table, row, db)
        case 10 where table.isNumbered: return self.closeGap(table, row)
        case 11 where table.isNumbered || table.name == "seal": return self.truncate(table, row)
        default: return nil
        }
    }

    // MARK: - Kinds

    private mutating func flip(_ table: Table, _ row: Row) -> Alteration? {
        guard let column = self.columns[table.name]?.randomElement(using: &self.generator) else { return nil }
        // What no share says any more.
        if table.name == "seal", column.hasPrefix("lowest"), let number = row["segment"] as Int64?,
            number < self.detailFrom
        {
            return nil
        }
        let former: DatabaseValue = row[column]
        guard let (sql, value) = self.flipped(former, column: column) else { return nil }
        return Alteration(
            description: "\(Self.name(table, row)): \(column) from \(former) to \(value)",
            steps: [
                Alteration.Step(
                    sql: "UPDATE \(table.name) SET \(column) = \(sql) WHERE \(Self.condition(table))",
                    arguments: [value] + Self.key(table, row)
                )
            ],
            table: table.name,
            segment: table.name == "share" && column != "entry" ? Self.segment(row) : nil
        )
    }

    private mutating func flipped(_ value: DatabaseValue, column: String) -> (sql: String, DatabaseValue)? {
        switch value.storage {
        case .null:
            if column == "blocks" || column == "publicKey" || column == "signature" {
                return ("?", Data(repeating: 7, count: 32).databaseValue)
            }
            return ("?", column == "closeReason" ? "x".databaseValue : Int64(1).databaseValue)
        case .int64(let number):
            return ("?", (number ^ 1 << Int64.random(in: 0..<64, using: &self.generator)).databaseValue)
        case .double(let number):
            let bits = number.bitPattern ^ 1 << UInt64.random(in: 0..<64, using: &self.generator)
            let flipped = Double(bitPattern: bits)
            return flipped.isNaN || flipped == number ? nil : ("?", flipped.databaseValue)
        case .string(let text):
            return self.flipped(Data(text.utf8)).map { ("CAST(? AS TEXT)", $0.databaseValue) }
        case .blob(let bytes):
            return self.flipped(bytes).map { ("?", $0.databaseValue) }
        }
    }

    private mutating func flipped(_ bytes: Data) -> Data? {
        guard let index = bytes.indices.randomElement(using: &self.generator) else { return nil }
        var bytes = bytes
        bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &self.generator)
        return bytes
    }

    private func delete(_ table: Table, _ row: Row) -> Alteration {
        Alteration(
            description: "\(Self.name(table, row)): deleted",
            steps: [Self.deletion(table, row)],
            table: table.name,
            segment: table.name == "share" ? Self.segment(row) : nil
        )
    }

    /// A row like the others, those after it one further on.
    private func insert(_ table: Table, _ row: Row, _ db: Database) throws -> Alteration? {
        guard table.canGrow, let last = table.key.last, let former = row[last] as Int64? else { return nil }
        if table.isNumbered, table.name != "share" {
            // Behind the last sealed one, it would be one that is not sealed yet.
            let sql = "SELECT 1 FROM \(table.name) WHERE \(last) > \(former) AND \(table.sealed)"
            guard try Bool.fetchOne(db, sql: sql) == true else { return nil }
        }
        let move = table.isNumbered ? Self.shift(table, from: former, by: 1, row) : []
        let offset: Int64 = ["seal": 1_000, "segment": 1_000][table.name] ?? 1
        return Alteration(
            description: "\(Self.name(table, row)): inserted again with \(offset) more",
            steps: move + [self.insertion(table, row, key: [last: (former + offset).databaseValue])],
            table: table.name
        )
    }

    private mutating func swap(_ table: Table, _ row: Row, _ db: Database) throws -> Alteration? {
        guard let other = try self.row(table, db) else { return nil }
        let differs = self.columns[table.name, default: []].contains { column in
            !table.key.contains(column) && row[column] as DatabaseValue != other[column] as DatabaseValue
        }
        guard differs, Self.key(table, row) != Self.key(table, other) else { return nil }
        let keys = { (row: Row) in Dictionary(uniqueKeysWithValues: zip(table.key, Self.key(table, row))) }
        return Alteration(
            description: "\(Self.name(table, row)): swapped with \(Self.key(table, other))",
            steps: [
                Self.deletion(table, row), Self.deletion(table, other),
                self.insertion(table, row, key: keys(other)), self.insertion(table, other, key: keys(row)),
            ],
            table: table.name
        )
    }

    /// Deletes a row and moves those after it.
    private func closeGap(_ table: Table, _ row: Row) -> Alteration? {
        guard let key = table.key.first, let number = row[key] as Int64? else { return nil }
        return Alteration(
            description: "\(Self.name(table, row)): deleted, the others moved",
            steps: [Self.deletion(table, row)] + Self.shift(table, from: number, by: -1, row),
            table: table.name
        )
    }

    private func truncate(_ table: Table, _ row: Row) -> Alteration {
        Alteration(
            description: "\(Self.name(table, row)): all from there on deleted",
            steps: [
                Alteration.Step(
                    sql: "DELETE FROM \(table.name) WHERE \(table.key[0]) >= ?",
                    arguments: Self.key(table, row)
                )
            ],
            table: table.name
        )
    }

    // MARK: - Parts of statements

    private mutating func row(_ table: Table, _ db: Database) throws -> Row? {
        let order = "ORDER BY \(table.key.joined(separator: ", "))"
        let sql = "FROM \(table.name) WHERE \(table.sealed)"
        let count = try Int.fetchOne(db, sql: "SELECT count(*) \(sql)") ?? 0
        guard count > 0 else { return nil }
        let offset = Int.random(in: 0..<count, using: &self.generator)
        return try Row.fetchOne(db, sql: "SELECT * \(sql) \(order) LIMIT 1 OFFSET \(offset)")
    }

    private static func segment(_ row: Row) -> Int64? { (row["entry"] as Int64?).map { $0 >> 18 } }

    private static func key(_ table: Table, _ row: Row) -> [DatabaseValue] { table.key.map { row[$0] } }

    private static func name(_ table: Table, _ row: Row) -> String { "\(table.name) \(Self.key(table, row))" }

    private static func condition(_ table: Table) -> String { table.key.map { "\($0) = ?" }.joined(separator: " AND ") }

    private static func deletion(_ table: Table, _ row: Row) -> Alteration.Step {
        Alteration.Step(
            sql: "DELETE FROM \(table.name) WHERE \(Self.condition(table))",
            arguments: Self.key(table, row)
        )
    }

    private func insertion(_ table: Table, _ row: Row, key: [String: DatabaseValue]) -> Alteration.Step {
        let columns = self.columns[table.name, default: []]
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        return Alteration.Step(
            sql: "INSERT INTO \(table.name) (\(columns.joined(separator: ", "))) VALUES (\(marks))",
            arguments: columns.map { key[$0] ?? row[$0] }
        )
    }

    /// Moves the rows after number `from`; shares only within their segment.
    private static func shift(_ table: Table, from: Int64, by offset: Int64, _ row: Row) -> [Alteration.Step] {
        let key = table.key[0]
        let end = table.name == "share" ? ((from >> 18) + 1) << 18 : Int64.max
        return [
            Alteration.Step(
                sql: "UPDATE \(table.name) SET \(key) = -(\(key) + ?) WHERE \(key) > ? AND \(key) < ?",
                arguments: [offset.databaseValue, from.databaseValue, end.databaseValue]
            ),
            Alteration.Step(sql: "UPDATE \(table.name) SET \(key) = -\(key) WHERE \(key) < 0"),
        ]
    }
}

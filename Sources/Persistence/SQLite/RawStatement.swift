import GRDB
import GRDBSQLite

/// A prepared statement bound and stepped without boxes around its values: a tenth of the cost of GRDB's arguments and
/// rows, for the few statements that run once per share.
///
/// Values come out checked: a value of another kind than asked for is an error, whatever stands in the file.
struct RawStatement {
    private let statement: Statement
    private let pointer: SQLiteStatement
    private let connection: SQLiteConnection?

    /// From the connection's cache; it must not be in use elsewhere.
    init(_ db: Database, sql: String) throws {
        self.statement = try db.cachedStatement(sql: sql)
        self.pointer = self.statement.sqliteStatement
        self.connection = db.sqliteConnection
        self.reset()
    }

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(self.pointer, index, value) }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { self.bind(index, value) } else { sqlite3_bind_null(self.pointer, index) }
    }

    func bind(_ index: Int32, _ value: Double) { sqlite3_bind_double(self.pointer, index, value) }

    /// `bytes` must stay as they are until the statement has run.
    func bind(_ index: Int32, blob bytes: UnsafeRawBufferPointer) {
        sqlite3_bind_blob(self.pointer, index, bytes.baseAddress, Int32(clamping: bytes.count), nil)
    }

    /// Runs a statement that gives no rows.
    func run() throws {
        defer { self.reset() }
        while try self.step() {}
    }

    /// Goes to the next row; false at the end.
    func step() throws -> Bool {
        switch sqlite3_step(self.pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: self.connection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) }
            )
        }
    }

    /// To be called when rows are left.
    func reset() { sqlite3_reset(self.pointer) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(self.pointer, column) == SQLITE_NULL }

    func integer(_ column: Int32) throws -> Int64 {
        guard sqlite3_column_type(self.pointer, column) == SQLITE_INTEGER else { throw self.damage(column) }
        return sqlite3_column_int64(self.pointer, column)
    }

    /// An integer that fits into `type`.
    func integer<Value: FixedWidthInteger>(_ column: Int32, as type: Value.Type) throws -> Value {
        guard let value = Value(exactly: try self.integer(column)) else { throw self.damage(column) }
        return value
    }

    func optionalInteger<Value: FixedWidthInteger>(_ column: Int32, as type: Value.Type) throws -> Value? {
        self.isNull(column) ? nil : try self.integer(column, as: type)
    }

    func double(_ column: Int32) throws -> Double {
        guard sqlite3_column_type(self.pointer, column) == SQLITE_FLOAT else { throw self.damage(column) }
        return sqlite3_column_double(self.pointer, column)
    }

    func text(_ column: Int32) throws -> String {
        guard sqlite3_column_type(self.pointer, column) == SQLITE_TEXT,
            let bytes = sqlite3_column_text(self.pointer, column)
        else { throw self.damage(column) }
        let count = Int(sqlite3_column_bytes(self.pointer, column))
        // Repaired text would hide a change.
        guard let text = String(validating: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self) else {
            throw self.damage(column)
        }
        return text
    }

    func optionalText(_ column: Int32) throws -> String? {
        self.isNull(column) ? nil : try self.text(column)
    }

    /// The bytes are good until the next step.
    func blob(_ column: Int32) throws -> UnsafeRawBufferPointer {
        guard sqlite3_column_type(self.pointer, column) == SQLITE_BLOB else { throw self.damage(column) }
        let start = sqlite3_column_blob(self.pointer, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(self.pointer, column)))
    }

    private func damage(_ column: Int32) -> LedgerDamage {
        LedgerDamage(column: sqlite3_column_name(self.pointer, column).map { String(cString: $0) } ?? "\(column)")
    }
}

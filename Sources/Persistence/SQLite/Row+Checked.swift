import GRDB

/// A row holds something that this program did not write.
struct LedgerDamage: Error, CustomStringConvertible {
    let column: String

    var description: String { "column \(self.column) holds a value of the wrong kind" }
}

extension Row {
    /// The value of a column; unlike GRDB's subscript an error, not a trap, if it is of another kind.
    func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        guard let value = Value.fromDatabaseValue(self[column]) else { throw LedgerDamage(column: column) }
        return value
    }

    /// The same for a column that may be NULL.
    func optional<Value: DatabaseValueConvertible>(_ column: String) throws -> Value? {
        let stored: DatabaseValue = self[column]
        guard !stored.isNull else { return nil }
        guard let value = Value.fromDatabaseValue(stored) else { throw LedgerDamage(column: column) }
        return value
    }

    /// A verdict by its stored number.
    func verdict(_ column: String) throws -> LedgerVerdictKind {
        guard let verdict = LedgerVerdictKind(rawValue: try self.value(column)) else {
            throw LedgerDamage(column: column)
        }
        return verdict
    }
}

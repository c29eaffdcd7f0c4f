import GRDB

extension LedgerReader {
    private struct SchemaObject: Hashable {
        var type: String
        var name: String
    }

    /// What is wrong with the file as a database: damaged pages, indexes that do not agree with their tables, tables,
    /// triggers and the like that are missing, altered or not of this program. Empty: nothing.
    ///
    /// Reads everything and takes its time.
    package func integrityFindings() throws -> [String] {
        try self.schemaFindings() + self.pageFindings()
    }

    private func pageFindings() throws -> [String] {
        let lines = try self.read { db in try String.fetchAll(db, sql: "PRAGMA integrity_check") }
        return lines == ["ok"] ? [] : lines
    }

    private func schemaFindings() throws -> [String] {
        let found = try self.read(Self.schema)
        let version = try self.read { db in try Int.fetchOne(db, sql: "PRAGMA user_version") }
        let expected = try Self.expectedSchema(version: version ?? LedgerSchema.version, path: self.path)
        let missing = expected.keys.filter { found[$0] == nil }.map { "\($0.type) \($0.name) is missing" }
        let others = found.compactMap { object, sql -> String? in
            guard let own = expected[object] else {
                return "\(object.type) \(object.name) does not belong to a ledger of this release"
            }
            return own == sql ? nil : "\(object.type) \(object.name) is not as this release makes it"
        }
        return (missing + others).sorted()
    }

    /// As this release makes it, or left it when it made files of that version.
    private static func expectedSchema(version: Int, path: String) throws(LedgerError) -> [SchemaObject: String] {
        do {
            let model = try DatabaseQueue()
            try LedgerSchema.migrator.migrate(model, upTo: "v\(version)")
            return try model.read(Self.schema)
        } catch {
            throw LedgerFile.explain(error, path: path, writing: false)
        }
    }

    private static func schema(_ db: Database) throws -> [SchemaObject: String] {
        let sql = """
            SELECT type, name, coalesce(sql, '') AS sql FROM sqlite_master WHERE substr(name, 1, 7) <> 'sqlite_'
            """
        var objects: [SchemaObject: String] = [:]
        for row in try Row.fetchAll(db, sql: sql) {
            objects[SchemaObject(type: try row.value("type"), name: try row.value("name"))] = try row.value("sql")
        }
        return objects
    }
}

import Foundation
import GRDB
import Logging

@testable import Persistence

/// A folder with a ledger in it, gone when the test is over.
final class TemporaryLedger: Sendable {
    let folder: String

    var path: String { self.folder + "/ledger.sqlite" }

    init() throws {
        self.folder = NSTemporaryDirectory() + "/ledger-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
    }

    private init(copyOf folder: String) throws {
        self.folder = NSTemporaryDirectory() + "/ledger-test-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: folder, toPath: self.folder)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.folder)
    }

    /// What a crash at this moment would leave behind.
    func crash() throws -> TemporaryLedger { try TemporaryLedger(copyOf: self.folder) }

    /// Opens it with small limits where asked.
    func open(_ change: (inout LedgerConfiguration, inout LedgerSeams) -> Void = { _, _ in }) throws -> Ledger {
        var configuration = LedgerConfiguration(path: self.path)
        var seams = LedgerSeams()
        change(&configuration, &seams)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try Ledger(configuration: configuration, logger: logger, seams: seams)
    }

    /// The file itself; a ledger that has just been let go of may need a moment to close it.
    func database() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        return try DatabaseQueue(path: self.path, configuration: configuration)
    }

    /// The first column of a query's rows.
    func query<Value: DatabaseValueConvertible & Sendable>(_ sql: String, as type: Value.Type = Value.self) throws
        -> [Value]
    {
        try self.database().read { db in try Value.fetchAll(db, sql: sql) }
    }

    /// The first column of a query's only row.
    func count(_ sql: String) throws -> Int { try self.query(sql, as: Int.self).first ?? -1 }

    /// id → verdict of every share.
    func verdicts() throws -> [Int64: LedgerVerdictKind] {
        var verdicts: [Int64: LedgerVerdictKind] = [:]
        try LedgerReader(path: self.path).shares(LedgerShareFilter()) { verdicts[$0.id] = $0.verdict }
        return verdicts
    }
}

extension LedgerTotals {
    /// How many shares have each verdict that occurs.
    var byVerdict: [LedgerVerdictKind: Int64] {
        Dictionary(uniqueKeysWithValues: LedgerVerdictKind.allCases.map { ($0, self[$0]) }).filter { $0.value > 0 }
    }
}

extension Ledger {
    /// Ends it as a router that stops in order does.
    func end() async throws {
        let task = Task { try await self.run() }
        task.cancel()
        try await task.value
    }
}

import Foundation
import GRDB
import Logging
import Testing

@testable import Persistence

@Suite struct LedgerOpeningTests {
    @Test func newLedgerIsCreatedWithItsFolders() throws {
        let place = try TemporaryLedger()
        var configuration = LedgerConfiguration(path: place.folder + "/a/b/ledger.sqlite")
        configuration.batchLimit = 1
        _ = try Ledger(configuration: configuration, logger: .init(label: "test"))
        #expect(FileManager.default.fileExists(atPath: configuration.path))
    }

    @Test func schemaHasItsVersionAndOurMark() throws {
        let place = try TemporaryLedger()
        _ = try place.open()
        #expect(try place.count("PRAGMA user_version") == LedgerSchema.version)
        #expect(try place.count("PRAGMA application_id") == Int(LedgerSchema.applicationID))
        #expect(try place.query("PRAGMA integrity_check", as: String.self) == ["ok"])
    }

    @Test func everyMigrationHasItsNumber() {
        #expect(LedgerSchema.migrator.migrations == (LedgerSchema.firstVersion...LedgerSchema.version).map { "v\($0)" })
    }

    @Test(arguments: ["no database at all, and longer than any header of one that SQLite would take for its own", "x"])
    func fileThatIsNoDatabaseIsRefusedAndKept(content: String) throws {
        let place = try TemporaryLedger()
        try content.write(toFile: place.path, atomically: true, encoding: .utf8)
        #expect { try place.open() } throws: { error in
            guard case .notALedger(place.path, _)? = error as? LedgerError else { return false }
            return true
        }
        #expect(try String(contentsOfFile: place.path, encoding: .utf8) == content)
    }

    @Test func databaseOfAnotherProgramIsRefusedAndKept() throws {
        let place = try TemporaryLedger()
        try place.database().write { try $0.execute(sql: "CREATE TABLE other (a)") }
        let before = FileManager.default.contents(atPath: place.path)
        #expect(throws: LedgerError.notALedger(path: place.path, reason: "it belongs to another program")) {
            try place.open()
        }
        #expect(FileManager.default.contents(atPath: place.path) == before)
    }

    @Test func newerVersionIsRefusedByWriterAndReader() throws {
        let place = try TemporaryLedger()
        _ = try place.open()
        try place.database().write { try $0.execute(sql: "PRAGMA user_version = 99") }
        let error = LedgerError.newerVersion(path: place.path, found: 99, supported: LedgerSchema.version)
        #expect(throws: error) { try place.open() }
        #expect(throws: error) { try LedgerReader(path: place.path) }
    }

    @Test func versionBeforeTheFirstReleaseIsRefused() throws {
        let place = try TemporaryLedger()
        _ = try place.open()
        try place.database().write { try $0.execute(sql: "PRAGMA user_version = 1") }
        let error = LedgerError.olderVersion(path: place.path, found: 1)
        #expect(throws: error) { try place.open() }
        #expect(throws: error) { try LedgerReader(path: place.path) }
    }

    @Test func emptyFileBecomesALedger() throws {
        let place = try TemporaryLedger()
        try Data().write(to: URL(fileURLWithPath: place.path))
        _ = try place.open()
        #expect(try place.count("SELECT count(*) FROM share") == 0)
    }

    @Test(arguments: ["file/ledger.sqlite", "."]) func placeThatCannotBeWrittenIsNamed(path: String) throws {
        let place = try TemporaryLedger()
        try Data().write(to: URL(fileURLWithPath: place.folder + "/file"))
        let path = place.folder + "/" + path
        #expect { try Ledger(configuration: LedgerConfiguration(path: path), logger: .init(label: "test")) } throws: {
            error in
            guard case .unwritable(path, _)? = error as? LedgerError else { return false }
            return true
        }
    }

    @Test func secondOpenerIsRefusedUntilTheFirstIsGone() async throws {
        let place = try TemporaryLedger()
        var first: Ledger? = try place.open()
        #expect(throws: LedgerError.locked(path: place.path, pid: getpid())) { try place.open() }
        _ = first?.state
        first = nil
        _ = try place.open()
    }

    @Test func secondRouterIsRefusedWhateverNameItKnowsTheLedgerBy() throws {
        let place = try TemporaryLedger()
        let first = try place.open()
        let link = place.folder + "/link.sqlite"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: place.path)
        #expect {
            try Ledger(configuration: LedgerConfiguration(path: link), logger: .init(label: "test"))
        } throws: { error in
            guard case .locked? = error as? LedgerError else { return false }
            return true
        }
        let second = place.folder + "/second.sqlite"
        try FileManager.default.linkItem(atPath: place.path, toPath: second)
        #expect {
            try Ledger(configuration: LedgerConfiguration(path: second), logger: .init(label: "test"))
        } throws: { error in
            guard case .unwritable? = error as? LedgerError else { return false }
            return true
        }
        _ = first.state
    }

    @Test func readerOfNothingSaysSo() throws {
        let place = try TemporaryLedger()
        #expect(throws: LedgerError.missing(path: place.path)) { try LedgerReader(path: place.path) }
    }

    @Test func journalOfAnotherReleaseIsRefusedAndKept() throws {
        let place = try TemporaryLedger()
        _ = try place.open()
        let file = place.path + ".journal/7.segment"
        try Data(repeating: 0x55, count: 4_096).write(to: URL(fileURLWithPath: file))
        #expect { try place.open() } throws: { error in
            guard case .unreadable(file, _)? = error as? LedgerError else { return false }
            return true
        }
        #expect(FileManager.default.fileExists(atPath: file))
    }
}

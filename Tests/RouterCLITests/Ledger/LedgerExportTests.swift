import ArgumentParser
import Foundation
import Logging
import Persistence
import Testing

@testable import RouterCLI

@Suite struct LedgerExportTests {
    /// A ledger in a folder of its own, gone when the test is over.
    private final class Place: Sendable {
        let folder = NSTemporaryDirectory() + "/ledger-export-\(UUID().uuidString)"
        var path: String { self.folder + "/ledger.sqlite" }
        var export: String { self.folder + "/shares" }

        deinit { try? FileManager.default.removeItem(atPath: self.folder) }

        /// Adds settled shares of a worker whose name is as awkward as can be.
        func record(_ ids: ClosedRange<Int64>, nonce: UInt32 = 2) async throws {
            let ledger = try Ledger(configuration: LedgerConfiguration(path: self.path), logger: Logger(label: "test"))
            let worker = ledger.worker("=a,\"b\"\r\n1,2\n", route: "btc")
            let lane = ledger.makeLane()
            for id in ids {
                let share = LedgerShare(
                    id: id,
                    time: 1_769_850_300_250 + id * 1_000,
                    session: 5,
                    worker: worker,
                    pool: 0,
                    job: 0,
                    difficulty: 512,
                    shareDifficulty: 4_096.5,
                    forwarded: false,
                    verdict: .stale,
                    extranonce2: LedgerExtranonce2(bytes: [1]),
                    ntime: 1,
                    nonce: nonce,
                    versionBits: nil
                )
                lane.record(.share(share))
            }
            await ledger.flush()
        }

        func export(_ arguments: String...) async throws {
            let command = try LedgerExportCommand.parse(["--ledger", self.path, "--output", self.export] + arguments)
            try await command.run()
        }

        var exported: Data { get throws { try Data(contentsOf: URL(fileURLWithPath: self.export)) } }
    }

    @Test(arguments: ["csv", "json"]) func exportOfAnotherLedgerIsNotGoneOnWith(format: String) async throws {
        let place = Place()
        try await place.record(1...20)
        try await place.export("--format", format)
        let before = try place.exported
        // Another ledger whose shares have the same numbers.
        for suffix in ["", "-wal", "-shm", ".journal"] {
            try? FileManager.default.removeItem(atPath: place.path + suffix)
        }
        try await place.record(1...30, nonce: 3)
        await #expect(throws: ExitStatus.usage) { try await place.export("--format", format, "--resume") }
        #expect(try place.exported == before)
    }

    @Test(arguments: ["csv", "json"]) func resumedExportIsTheSameAsOneExport(format: String) async throws {
        let place = Place()
        try await place.record(1...20)
        try await place.export("--format", format)
        let whole = try place.exported
        #expect(whole.filter { $0 == 0x0A }.count >= 20)
        // Torn anywhere, within a name as well, it is made whole again.
        for end in stride(from: 0, through: whole.count, by: 37) + [whole.count - 1, whole.count] {
            try whole.prefix(end).write(to: URL(fileURLWithPath: place.export))
            try await place.export("--format", format, "--resume")
            #expect(try place.exported == whole, "torn after \(end) bytes")
        }
        try await place.record(21...25)
        try await place.export("--format", format, "--resume")
        let longer = try place.exported
        #expect(longer.starts(with: whole))
        try FileManager.default.removeItem(atPath: place.export)
        try await place.export("--format", format, "--resume")
        #expect(try place.exported == longer)
    }

    @Test func existingFileIsKept() async throws {
        let place = Place()
        try await place.record(1...2)
        try Data("mine".utf8).write(to: URL(fileURLWithPath: place.export))
        await #expect(throws: ExitStatus.usage) { try await place.export("--format", "csv") }
        #expect(try place.exported == Data("mine".utf8))
    }

    @Test(arguments: [
        "a letter", "a letter\n", "id,time\r\n", "id,time\r\n1,2\r\n", "{\"id\":1}\n", "\n", "[1]\n", "\"never closed",
    ])
    func otherFilesAreNotGoneOnWith(text: String) async throws {
        let place = Place()
        try await place.record(1...2)
        for format in ["csv", "json"] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: place.export))
            await #expect(throws: ExitStatus.usage) { try await place.export("--format", format, "--resume") }
            #expect(try place.exported == Data(text.utf8))
        }
    }

    @Test func exportOfAnotherLedgerIsNotGoneOnWith() async throws {
        let (place, other) = (Place(), Place())
        try await place.record(1...3)
        try await other.record(100...103)
        try await other.export("--format", "csv")
        try FileManager.default.moveItem(atPath: other.export, toPath: place.export)
        await #expect(throws: ExitStatus.usage) { try await place.export("--format", "csv", "--resume") }
    }

    @Test func formulasAreDefusedOnRequest() {
        func harmless(_ text: String) -> OutputValue { ExportColumns.harmlessToSpreadsheets(.text(text)) }
        for text in ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1"] { #expect(harmless(text) == .text("'" + text)) }
        for text in ["", "farm.rig1", "1=1"] { #expect(harmless(text) == .text(text)) }
        #expect(ExportColumns.harmlessToSpreadsheets(.integer(-1)) == .integer(-1))
    }

    @Test(arguments: [
        ["--format", "csv", "--resume"], ["--format", "table"], [], ["--format", "json", "--spreadsheet"],
        ["--format", "csv", "--since", "soon"],
    ])
    func nonsenseIsAUsageError(arguments: [String]) {
        #expect { try LedgerExportCommand.parse(arguments) } throws: { error in
            LedgerExportCommand.exitCode(for: error) == ExitStatus.usage
        }
    }
}

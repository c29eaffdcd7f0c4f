import Configuration
import Foundation
import Logging
import Router
import Testing

@testable import RouterCLI

/// A start that fails after the ledger was opened.
@Suite struct FailedStartTests {
    @Test(.timeLimit(.minutes(1)))
    func itLeavesNothingThatTheNextStartTakesForACrash() async throws {
        let running = try await RunningRouter.start([.local([])])
        let folder = FileManager.default.temporaryDirectory.appending(path: "r-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let ledger = folder.appending(path: "ledger.sqlite").path
        var route = RouteConfiguration.local([])
        route.listeners = [ListenerConfiguration(host: "127.0.0.1", port: running.port)]
        let configuration = ServiceConfiguration(
            routes: [route],
            ledger: LedgerSettings(path: ledger),
            control: ControlSettings(socket: folder.appending(path: "s").path),
            log: LogSettings(),
            threads: 1
        )
        await #expect(throws: ListenerError.self) {
            try await RouterAssembly.open(
                configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(ledger).journal").isEmpty)
        try await running.stop()
        try running.removeFiles()
        try FileManager.default.removeItem(at: folder)
    }
}

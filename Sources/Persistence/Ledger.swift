import Foundation
import GRDB
package import Logging
import ServiceLifecycle
import Synchronization

/// The record of every share and event, in a SQLite file.
///
/// Event loops record through lanes, which put each fact into a journal that outlives the process; the service's `run`
/// moves the journal into SQLite.
package final class Ledger: Service, Sendable {
    /// The first ids that were never given to a share, a session, a job.
    package let nextShareID: Int64
    package let nextSessionID: Int64
    package let nextJobID: Int64

    private let pace: CommitPace
    private let storage: JournalStorage
    private let jobs: RecentJobs
    private let writer: LedgerWriter
    private let names: InternedNames

    /// Opens or creates the file, brings its schema up to date, and takes in what an earlier process left behind.
    /// - Throws: `LedgerError`.
    package convenience init(configuration: LedgerConfiguration, logger: Logger) throws(LedgerError) {
        try self.init(configuration: configuration, logger: logger, seams: LedgerSeams())
    }

    init(configuration: LedgerConfiguration, logger: Logger, seams: LedgerSeams) throws(LedgerError) {
        var configuration = configuration
        let path = LedgerFile.resolved(configuration.path)
        configuration.path = path
        let journal = path + ".journal"
        try Self.createFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path, ledger: path)
        try LedgerFile.checkNames(path: path)
        let lock = try LedgerLock(ledger: path)
        self.jobs = RecentJobs()
        var file: OpenLedger
        let recovered: JournalRecovery.Result
        let known: [LedgerName]
        do {
            let recovery = JournalRecovery(
                folder: journal,
                batchLimit: configuration.batchLimit,
                now: seams.now(),
                logger: logger
            )
            file = try OpenLedger(configuration, seams: seams, recentJobs: self.jobs)
            try Self.createFolder(journal, ledger: path)
            do {
                (recovered, known) = try Self.recover(&file, recovery)
            } catch  where LedgerFile.isDamage(error) {
                try file.replace()
                (recovered, known) = try Self.recover(&file, recovery)
            }
        } catch let error as LedgerError {
            throw error
        } catch {
            throw LedgerFile.explain(error, path: path, writing: true)
        }
        if let aside = file.damagedFile {
            logger.critical(
                "the ledger was damaged and was set aside; a new one has been begun",
                metadata: ["damaged": "\(aside)"]
            )
        }
        let highWater = recovered.highWater
        self.nextShareID = Self.id(after: highWater.share)
        self.nextSessionID = Self.id(after: highWater.session)
        self.nextJobID = Self.id(after: highWater.job)
        self.pace = CommitPace(
            shortest: .milliseconds(max(configuration.commitInterval, 1)),
            durability: configuration.durability
        )
        self.storage = JournalStorage(
            folder: journal,
            nextSequence: recovered.nextSequence,
            configuration: configuration,
            seams: seams
        )
        let channel = JournalChannel()
        self.storage.refillNow()
        self.names = InternedNames(
            LedgerNames(
                known: known,
                highWater: highWater,
                configuration: configuration,
                lane: LedgerLane(channel: channel, storage: self.storage, jobs: self.jobs)
            )
        )
        self.writer = LedgerWriter(
            file: file,
            lock: lock,
            storage: self.storage,
            names: self.names,
            highWater: highWater,
            configuration: configuration,
            seams: seams,
            logger: logger
        )
        self.writer.add(channel)
    }

    deinit {
        // The writer's queue may hold on to the writer for a moment longer.
        self.writer.unlock()
    }

    /// The number of a worker's name. May take a lock; once per authorize, not per share.
    package func worker(_ name: String, route: String) -> Int32 {
        self.names.worker(name, route: route)
    }

    /// The number of a pool's name.
    package func pool(_ name: String, route: String) -> Int32 {
        self.names.pool(name, route: route)
    }

    /// The number of a reject reason; 0 for none.
    package func reason(_ text: String) -> Int32 {
        self.names.reason(text)
    }

    /// Says what a route's miners speak, at the start and before its shares: the protocol's name, and the hashes that a
    /// difficulty of 1 takes on average (2³² in Bitcoin).
    ///
    /// It is remembered over restarts and holds for all shares of the route, also those recorded before: a name that is
    /// used again for another protocol makes the hashrates of the past wrong. Waits for nothing, as `pool`. A unit that
    /// is not finite and above 0 is ignored.
    package func describe(route: String, protocol name: String, hashesPerDifficulty: Double) {
        guard let description = LedgerProtocol(name: name, hashesPerDifficulty: hashesPerDifficulty) else { return }
        self.names.describe(route: route, description)
    }

    /// A lane for one event loop; made at start, because it may wait for a file to be made.
    package func makeLane() -> sending LedgerLane {
        let channel = JournalChannel()
        self.writer.add(channel)
        self.storage.refillNow()
        return LedgerLane(channel: channel, storage: self.storage, jobs: self.jobs)
    }

    /// How the ledger is doing.
    package var state: LedgerState { self.writer.state }

    /// Moves what is recorded into the file until it is told to shut down, then commits the rest and closes the file.
    ///
    /// It must be the last service to end: what is recorded later is only taken in at the next start.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var pace = self.pace
            var committed = self.state.committedEvents
            while !Task.isCancelled {
                try? await Task.sleep(for: pace.pause)
                let isComplete = await self.writer.drain()
                let now = self.state.committedEvents
                pace.note(events: now - committed, isComplete: isComplete)
                committed = now
            }
        }
        await self.close()
    }

    /// Commits the rest and closes the file. Only for a ledger that is not ``run()``.
    package func close() async {
        await self.writer.finish()
    }

    /// Commits everything recorded so far, unless writing fails; then `state` says why.
    package func flush() async {
        for _ in 0..<LedgerWriter.passes {
            if await self.writer.drain() { return }
        }
    }

    /// One pass of the writer. True when all is committed.
    func drainOnce() async -> Bool { await self.writer.drain() }

    /// Fills the journal's reserve, for tests that cannot wait for it to happen.
    func refillJournal() { self.storage.refillNow() }

    private static func recover(
        _ file: inout OpenLedger,
        _ recovery: JournalRecovery
    ) throws -> (JournalRecovery.Result, [LedgerName]) {
        let recovered = try recovery.run(&file)
        return (recovered, try file.database.read { db in try LedgerName.fetchAll(db) })
    }

    /// The file may hold anything, the highest number included.
    private static func id(after last: Int64) -> Int64 {
        last == .max ? .max : last + 1
    }

    private static func createFolder(_ folder: String, ledger path: String) throws(LedgerError) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .unwritable(path: path, reason: "\(folder): \(error.localizedDescription)")
        }
    }
}

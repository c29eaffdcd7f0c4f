package import NIOCore

/// A miner that really hashes, on a real socket, with the habits of a firmware.
package final class SimulatedMiner: Sendable {
    /// How it was started.
    package let configuration: SimulatedMinerConfiguration
    private let journal: Journal<MinerLog>
    private let loop: any EventLoop
    private let core: NIOLoopBound<MinerCore>

    private init(_ configuration: SimulatedMinerConfiguration, loop: any EventLoop, changed: (@Sendable () -> Void)?) {
        self.configuration = configuration
        self.loop = loop
        let journal = Journal(MinerLog(), changed: changed)
        self.journal = journal
        self.core = NIOLoopBound(MinerCore(configuration, journal: journal, loop: loop), eventLoop: loop)
    }

    /// Starts a miner; it connects, and keeps trying, by itself.
    ///
    /// - Parameters:
    ///   - group: its hashing happens on one loop of this group, so give it one of its own beside what is measured.
    ///   - changed: called after each change of the log, on that loop.
    package static func start(
        _ configuration: SimulatedMinerConfiguration,
        on group: any EventLoopGroup,
        changed: (@Sendable () -> Void)? = nil
    ) async throws -> SimulatedMiner {
        let loop = group.next()
        return try await loop.submit {
            let miner = SimulatedMiner(configuration, loop: loop, changed: changed)
            miner.core.value.start()
            return miner
        }.get()
    }

    /// Everything it saw and did until now.
    package var log: MinerLog { self.journal.value }

    /// Returns as soon as `condition` holds for the log.
    ///
    /// - Throws: `SimulationTimeout` when it did not come true in time.
    package func wait(
        _ what: String = "the miner",
        until condition: @escaping @Sendable (MinerLog) -> Bool,
        timeout: Duration = .seconds(30)
    ) async throws {
        try await self.journal.wait("\(self.configuration.user): \(what)", until: condition, timeout: timeout)
    }

    /// Stops hashing but stays connected, so that outstanding replies can arrive.
    package func pause() async throws {
        try await self.loop.submit { self.core.value.pause() }.get()
    }

    /// Hashes again after `pause`.
    package func resume() async throws {
        try await self.loop.submit { self.core.value.resume() }.get()
    }

    /// Changes the speed, in hashes per second.
    package func setHashrate(_ hashesPerSecond: Double) async throws {
        try await self.loop.submit { self.core.value.setHashrate(hashesPerSecond) }.get()
    }

    /// Drops the link as a power cut does (RST); it connects again if configured so.
    package func dropLink() async throws {
        try await self.loop.submit { self.core.value.dropLink() }.get()
    }

    /// Ends for good. With `abort` the link is reset instead of closed.
    package func stop(abort: Bool = false) async throws {
        try await self.loop.flatSubmit { self.core.value.stop(abort: abort) }.get()
    }
}

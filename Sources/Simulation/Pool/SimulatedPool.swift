package import NIOCore

/// A pool on a real socket that hands out jobs and judges every share by itself.
package final class SimulatedPool: Sendable {
    /// The configured name.
    package let name: String
    /// The protocol it speaks.
    package let `protocol`: SimulatedProtocol
    /// The port it listens on; kept over faults and revivals.
    package let port: Int
    private let journal: Journal<PoolLog>
    private let loop: any EventLoop
    private let core: NIOLoopBound<PoolCore>

    private init(
        name: String, protocol: SimulatedProtocol, port: Int, journal: Journal<PoolLog>, core: NIOLoopBound<PoolCore>
    ) {
        self.name = name
        self.protocol = `protocol`
        self.port = port
        self.journal = journal
        self.loop = core.eventLoop
        self.core = core
    }

    /// Starts listening.
    ///
    /// - Parameter port: 0 picks a free one.
    package static func start(
        _ configuration: SimulatedPoolConfiguration,
        on group: any EventLoopGroup,
        host: String = "127.0.0.1",
        port: Int = 0
    ) async throws -> SimulatedPool {
        let loop = group.next()
        let reservation = try PortReservation(host: host, port: port)
        let journal = Journal(PoolLog())
        let core = try await loop.submit {
            let core = try PoolCore(configuration, reservation: reservation, journal: journal, loop: loop)
            return NIOLoopBound(core, eventLoop: loop)
        }.get()
        try await loop.flatSubmit { core.value.start() }.get()
        return SimulatedPool(
            name: configuration.name, protocol: configuration.protocol, port: reservation.port, journal: journal,
            core: core
        )
    }

    /// Everything it saw and did until now.
    package var log: PoolLog { self.journal.value }

    /// Every share judged until now, in order of arrival.
    package var shareLog: [PoolShareRecord] { self.log.shares }

    /// Returns as soon as `condition` holds for the log.
    ///
    /// - Throws: `SimulationTimeout` when it did not come true in time.
    package func wait(
        _ what: String = "the pool",
        until condition: @escaping @Sendable (PoolLog) -> Bool,
        timeout: Duration = .seconds(30)
    ) async throws {
        try await self.journal.wait("\(self.name): \(what)", until: condition, timeout: timeout)
    }

    /// Lets something go wrong, or right again. Returns when it has happened.
    package func inject(_ fault: PoolFault, on scope: PoolFaultScope = .all) async throws {
        try await self.loop.flatSubmit { self.core.value.inject(fault, on: scope) }.get()
    }

    /// Sends a new job on the current block to every link that takes jobs. Returns its id.
    @discardableResult
    package func sendJob(clean: Bool = false) async throws -> String {
        try await self.loop.submit { self.core.value.makeJob(clean: clean, newBlock: false) }.get()
    }

    /// Finds a block: a clean job with a new previous hash. Returns its id.
    @discardableResult
    package func newBlock() async throws -> String {
        try await self.loop.submit { self.core.value.makeJob(clean: true, newBlock: true) }.get()
    }

    /// Changes the share difficulty of the jobs to come, and tells every link at once.
    ///
    /// - Parameter sendsJob: whether a job follows the change, as most pools do.
    package func setDifficulty(_ difficulty: Double, sendsJob: Bool = true) async throws {
        try await self.loop.submit { self.core.value.setDifficulty(difficulty, sendsJob: sendsJob) }.get()
    }

    /// Closes every link, stops listening and gives the port up.
    package func stop() async throws {
        try await self.loop.flatSubmit { self.core.value.stop() }.get()
    }
}

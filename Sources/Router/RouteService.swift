package import Logging
package import NIOCore
package import PoolPool
package import Stratum

/// One route, assembled and running: its core on a home loop, a shard on every loop, its listeners.
package final class RouteService: Sendable {
    package let name: String
    /// What its miners and pools speak. A reload does not change it.
    package var dialect: ConfiguredDialect { self.configuration.dialect }
    private let configuration: RouteConfiguration
    private let group: any EventLoopGroup
    private let home: any EventLoop
    private let core: NIOLoopBound<RouteCore>
    private let shards: [NIOLoopBound<RouterShard>]
    private let table: ShardTable
    private let gate: ConnectionGate
    private let logger: Logger

    private static let coreTick = TimeAmount.milliseconds(100)
    private static let shardTick = TimeAmount.seconds(1)
    /// How long a stop waits for verdicts.
    private static let drainTime = Duration.seconds(10)

    /// Builds the route. Nothing is connected or bound yet.
    /// - Parameter dialects: all that the program knows, to tell miners that they came to the wrong route.
    package static func make(
        configuration: RouteConfiguration,
        group: any EventLoopGroup,
        observer: any RouterObserver,
        ids: RouterIDs,
        connector: any PoolConnecting & Sendable,
        dialects: DialectRegistry = .standard,
        userAgent: String,
        seed: UInt64,
        unixMilliseconds: @escaping @Sendable () -> Int64,
        logger: Logger
    ) async throws -> RouteService {
        var logger = logger
        logger[metadataKey: "route"] = .string(configuration.name)
        let routeLogger = logger
        let loops = group.makeIterator().map { $0 }
        let home = group.next()
        let registry = NonceRegistry()
        let core = try await home.submit {
            NIOLoopBound(
                RouteCore(
                    configuration: configuration,
                    eventLoop: home,
                    connector: connector,
                    observer: observer,
                    registry: registry,
                    ids: ids,
                    userAgent: userAgent,
                    seed: seed,
                    unixMilliseconds: unixMilliseconds,
                    logger: routeLogger
                ),
                eventLoop: home
            )
        }.get()
        var shards: [NIOLoopBound<RouterShard>] = []
        for (index, loop) in loops.enumerated() {
            let shard = try await loop.submit {
                let shard = RouterShard(
                    index: index,
                    configuration: configuration,
                    eventLoop: loop,
                    observer: observer,
                    registry: registry,
                    ids: ids,
                    dialects: dialects,
                    unixMilliseconds: unixMilliseconds,
                    logger: routeLogger
                )
                shard.attach(Mailbox(from: loop, to: home) { core.value.received($0) })
                return NIOLoopBound(shard, eventLoop: loop)
            }.get()
            shards.append(shard)
        }
        return RouteService(
            configuration: configuration,
            group: group,
            home: home,
            core: core,
            shards: shards,
            loops: loops,
            logger: routeLogger
        )
    }

    private init(
        configuration: RouteConfiguration,
        group: any EventLoopGroup,
        home: any EventLoop,
        core: NIOLoopBound<RouteCore>,
        shards: [NIOLoopBound<RouterShard>],
        loops: [any EventLoop],
        logger: Logger
    ) {
        self.name = configuration.name
        self.configuration = configuration
        self.group = group
        self.home = home
        self.core = core
        self.shards = shards
        self.table = ShardTable(zip(loops, shards).map { ($0, $1) }, limits: configuration.limits)
        self.gate = ConnectionGate(limits: configuration.limits, logger: logger)
        self.logger = logger
    }

    /// Opens the listeners. Throws ``ListenerError`` or ``ListenerTLSError`` when one cannot be opened; those already open
    /// are closed again.
    package func bind() async throws -> [RouterListener] {
        var listeners: [RouterListener] = []
        do {
            for listener in self.configuration.listeners {
                listeners.append(
                    try await RouterListener.bind(listener, group: self.group, shards: self.table, gate: self.gate)
                )
            }
        } catch {
            for listener in listeners { await listener.close() }
            throw error
        }
        return listeners
    }

    /// Connects to the pools and starts the clocks.
    package func start() async throws {
        let tables = self.shards
        let home = self.home
        let loops = self.group.makeIterator().map { $0 }
        try await home.submit { [core] in
            let mailboxes = zip(loops, tables).map { loop, shard in
                Mailbox<ShardMessage>(from: home, to: loop) { shard.value.received($0) }
            }
            core.value.start(shards: mailboxes)
        }.get()
        home.scheduleRepeatedTask(initialDelay: Self.coreTick, delay: Self.coreTick) { [core] _ in core.value.tick() }
        for (loop, shard) in zip(loops, tables) {
            loop.scheduleRepeatedTask(initialDelay: Self.shardTick, delay: Self.shardTick) { _ in
                shard.value.tick(now: loop.now)
            }
        }
    }

    /// Takes no more shares, waits for the verdicts of those sent (at most 10 s), and closes everything.
    package func stop() async {
        self.gate.close()
        await self.onShards { $0.stopReading() }
        await self.deliverMessages()
        let deadline = ContinuousClock.now + Self.drainTime
        while ContinuousClock.now < deadline, await self.isJudging() {
            try? await Task.sleep(for: .milliseconds(20))
        }
        await self.deliverMessages()
        while ContinuousClock.now < deadline {
            let settled = try? await self.home.submit { [core] in core.value.isSettled }.get()
            if settled ?? true { break }
            try? await Task.sleep(for: .milliseconds(20))
        }
        _ = try? await self.home.submit { [core] in core.value.stop() }.get()
        await self.deliverMessages()
        await self.onShards { $0.closeAll(.shutdown) }
    }

    /// Takes a reloaded configuration: pools, priorities, weights, health and keep-alive at once; vardiff, limits, reply
    /// and password for sessions to come. Protocol, listeners, version mask and the number of connections need a
    /// restart.
    package func update(_ configuration: RouteConfiguration) async {
        var configuration = configuration
        configuration.dialect = self.configuration.dialect
        let running = configuration
        _ = try? await self.home.submit { [core] in core.value.update(running) }.get()
        await self.onShards { $0.update(running) }
    }

    package func command(_ command: PoolDirective, pool: String, within: Duration) async -> CommandOutcome {
        let done = self.home.submit { [core] in core.value.command(command, pool: pool, within: within) }
        return (try? await done.get()) ?? .notFound
    }

    /// Why the sessions of a worker mine where they mine; empty if it has none.
    package func explain(worker: String) async -> [SessionExplanation] {
        (try? await self.home.submit { [core] in core.value.explain(worker: worker) }.get()) ?? []
    }

    /// Closes one session; false if this route does not have it.
    package func kick(_ session: Int64) async -> Bool {
        for shard in self.shards {
            if (try? await shard.eventLoop.submit { shard.value.kick(session) }.get()) == true { return true }
        }
        return false
    }

    package func snapshot() async -> (route: RouteSnapshot, shards: [ShardSnapshot])? {
        guard let route = try? await self.home.submit({ [core] in core.value.snapshot() }).get() else { return nil }
        var snapshots: [ShardSnapshot] = []
        for shard in self.shards {
            guard let snapshot = try? await shard.eventLoop.submit({ shard.value.snapshot() }).get() else { return nil }
            snapshots.append(snapshot)
        }
        return (route, snapshots)
    }

    /// Shows `watcher` the route as it is and after each change, at the latest 100 ms later, until it is finished: what
    /// tests wait for. A watcher may be shown several routes.
    package func watch(_ watcher: AsyncStream<RouteSnapshot>.Continuation) {
        self.home.execute { [core] in core.value.watch(watcher) }
    }

    /// Connections refused for a limit.
    package var refusedConnections: Int { self.gate.refused }

    /// Returns when all that shards and core have told each other so far has arrived.
    private func deliverMessages() async {
        await self.onShards { _ in }
        for _ in 0..<2 { _ = try? await self.home.submit {}.get() }
        await self.onShards { _ in }
    }

    /// A share is still being judged away from the event loops.
    private func isJudging() async -> Bool {
        for shard in self.shards {
            if (try? await shard.eventLoop.submit { shard.value.judgements > 0 }.get()) == true { return true }
        }
        return false
    }

    private func onShards(_ body: @escaping @Sendable (RouterShard) -> Void) async {
        for shard in self.shards { _ = try? await shard.eventLoop.submit { body(shard.value) }.get() }
    }
}

import Logging
import NIOCore
import NIOEmbedded
import PoolPool
import Router
import Stratum

/// A route with everything around it on one embedded event loop: the real core and shards, model pools, model miners and
/// an operator. All that happens follows from the seed.
final class InvariantWorld {
    let seed: UInt64
    let loop = EmbeddedEventLoop()
    var random: RandomSource
    let record = WorldRecord()
    let observer = RecordingObserver()
    private(set) var pools: [ModelPool] = []
    private(set) var miners: [ModelMiner] = []
    private var memories: [String: ModelMiner.Memory] = [:]
    private(set) var core: RouteCore
    private(set) var shards: [RouterShard] = []
    private(set) var configuration: RouteConfiguration
    /// What was done, for whoever has to understand a failure.
    private(set) var trace: [String] = []
    /// Since when the operator lets a pool carry load; nil while it does not.
    private(set) var enabledSince: [String: NIODeadline] = [:]
    /// From when on it must not carry any.
    private(set) var withdrawnSince: [String: NIODeadline] = [:]
    /// Pools that were taken out of the configuration once: the router counts anew when they come back.
    private(set) var removedPools: Set<String> = []
    /// Since when a session has lacked work although a pool could give it.
    var worklessSince: [Int64: NIODeadline] = [:]
    private var notifyLines: [String: String] = [:]
    private var shardTime = NIODeadline.uptimeNanoseconds(0)

    static let health = HealthConfiguration(
        connectTimeout: .seconds(2),
        handshakeTimeout: .seconds(4),
        verdictSuspect: .seconds(3),
        verdictDown: .seconds(8),
        verdictMinimumPending: 2,
        verdictDeadline: .seconds(15),
        reconnectInitial: .milliseconds(500),
        reconnectMaximum: .seconds(2),
        failbackAfter: .seconds(5),
        slowStart: .seconds(3),
        hold: .seconds(15),
        outliers: OutlierConfiguration(
            window: .seconds(20),
            minimumShares: 6,
            consecutiveRejects: 4,
            latency: .seconds(4),
            staleGrace: .seconds(2),
            ejection: .seconds(10),
            ejectionMaximum: .seconds(30)
        ),
        lag: .seconds(15)
    )
    private static let startTime: Int64 = 1_700_000_000_000

    init(seed: UInt64) {
        self.seed = seed
        var random = RandomSource(seed: seed)
        let loop = self.loop
        loop.advanceTime(by: .hours(1))
        let unixMilliseconds: @Sendable () -> Int64 = {
            Self.startTime + Int64(loop.now.uptimeNanoseconds / 1_000_000)
        }
        let record = self.record
        let pools = (0..<Int.random(in: 1...3, using: &random)).map { index in
            ModelPool(
                index: index,
                record: record,
                random: &random,
                now: { loop.now },
                unixTime: { UInt32(unixMilliseconds() / 1000) }
            )
        }
        let configuration = Self.configuration(pools.map(\.name), random: &random)
        let registry = NonceRegistry()
        let ids = RouterIDs(firstShare: 1, firstSession: 1, firstJob: 1)
        let logger = Logger(label: "invariants") { _ in SwiftLogNoOpLogHandler() }
        let connector = ConnectorBox()
        let core = RouteCore(
            configuration: configuration,
            eventLoop: loop,
            connector: connector,
            observer: self.observer,
            registry: registry,
            ids: ids,
            userAgent: "router/test",
            seed: random.next(),
            unixMilliseconds: unixMilliseconds,
            logger: logger
        )
        let boundCore = NIOLoopBound(core, eventLoop: loop)
        for index in 0..<Int.random(in: 1...2, using: &random) {
            let shard = RouterShard(
                index: index,
                configuration: configuration,
                eventLoop: loop,
                observer: self.observer,
                registry: registry,
                ids: ids,
                unixMilliseconds: unixMilliseconds,
                logger: logger
            )
            shard.attach(Mailbox(from: loop, to: loop) { boundCore.value.received($0) })
            self.shards.append(shard)
        }
        self.pools = pools
        self.core = core
        self.configuration = configuration
        self.random = random
        for (pool, model) in zip(configuration.pools, pools) {
            self.enabledSince[pool.name] = loop.now
            self.note("\(model.summary), priority \(pool.priority), weight \(pool.weight), user \(pool.user)")
        }
        connector.world = self
        core.start(
            shards: self.shards.map { shard in
                let bound = NIOLoopBound(shard, eventLoop: loop)
                return Mailbox(from: loop, to: loop) { bound.value.received($0) }
            }
        )
        self.settle()
    }

    /// Some miners have pools of their own.
    static func pins(_ names: [String], random: inout RandomSource) -> [PinRule] {
        guard let name = names.randomElement(using: &random), Bool.random(using: &random) else { return [] }
        let isStrict = Int.random(in: 0..<3, using: &random) == 0
        return [
            PinRule(name: "pin", worker: WorkerPattern("*.rig0"), pools: [.init(pool: name)], isStrict: isStrict),
            PinRule(name: "other", worker: WorkerPattern("farm.rig1"), pools: [.init(pool: name)], isStrict: isStrict),
        ]
    }

    private static func configuration(_ names: [String], random: inout RandomSource) -> RouteConfiguration {
        let isPerWorker = Int.random(in: 0..<4, using: &random) == 0
        let initials: [Double?] = [nil, 1e-10, 3e-10]
        return RouteConfiguration(
            name: "btc",
            listeners: [],
            pools: names.map { name in
                PoolConfiguration(
                    name: name,
                    endpoint: PoolEndpoint(transport: .tcp, host: "\(name).example.com", port: 3333),
                    user: isPerWorker ? "account.{worker}" : "account",
                    priority: Int.random(in: 1...2, using: &random),
                    weight: [1, 1, 3][Int.random(in: 0..<3, using: &random)],
                    standby: Bool.random(using: &random) ? .one : .warm
                )
            },
            pins: Self.pins(names, random: &random),
            vardiff: VardiffConfiguration(
                minimum: 1e-10,
                initial: initials[Int.random(in: 0..<initials.count, using: &random)],
                enabled: Bool.random(using: &random)
            ),
            health: Self.health,
            balance: BalanceConfiguration(
                movesPerSecond: 0.5, patience: .seconds(Int.random(in: 0...3, using: &random))
            ),
            payoutGuard: [.warn, .eject, .off][Int.random(in: 0...2, using: &random)],
            reply: Int.random(in: 0..<4, using: &random) == 0 ? .immediate : .verdict
        )
    }

    var now: NIODeadline { self.loop.now }
    var violations: [String] { self.record.violations + self.observer.violations }

    /// What the router makes of its pools at the end.
    var poolStates: [String] {
        self.core.snapshot().pools.map { pool in
            "\(pool.configuration.name): \(pool.administration), \(pool.health), \(pool.links) links, "
                + "\(pool.sessions) sessions, last failure \(pool.lastFailure ?? "none")"
        }
    }

    func violation(_ text: String) { self.record.violations.append(text) }
    func note(_ text: String) {
        self.trace.append("\(Double(self.now.uptimeNanoseconds / 1_000_000) / 1000) s: \(text)")
    }

    // MARK: The network

    func connect(
        _ connection: PoolConnection,
        to endpoint: PoolEndpoint,
        tls: PoolTLSConfiguration,
        timeout: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        guard let pool = self.pools.first(where: { endpoint.host.hasPrefix($0.name) }), pool.reach != .refusing else {
            return eventLoop.makeFailedFuture(LinkFailure(.connectFailed, "refused"))
        }
        let lingering = Int.random(in: 0..<4, using: &self.random) == 0 ? LingeringClose() : nil
        let channel = self.makeChannel()
        do {
            if let lingering { try channel.pipeline.syncOperations.addHandler(lingering) }
            try channel.pipeline.syncOperations.addHandler(connection)
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
        pool.accept(channel, lingering: lingering)
        return eventLoop.makeSucceededVoidFuture()
    }

    private func makeChannel() -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: self.loop)
        do {
            channel.connect(to: try SocketAddress(unixDomainSocketPath: "/model"), promise: nil)
        } catch {
            self.violation("\(error)")
        }
        return channel
    }

    /// Carries lines until nobody has anything to say.
    func settle() {
        var rounds = 0
        while rounds < 200 {
            self.loop.run()
            var isQuiet = true
            for pool in self.pools where pool.serve() { isQuiet = false }
            for miner in self.miners where miner.serve(now: self.now) { isQuiet = false }
            if isQuiet { break }
            rounds += 1
        }
        if rounds == 200 { self.violation("the router does not come to rest") }
        for miner in self.miners { self.compareNotifies(of: miner) }
    }

    /// All sessions of a link get the same bytes for a job, apart from its clean flag.
    private func compareNotifies(of miner: ModelMiner) {
        for line in miner.takeNotifies() {
            let isClean = line.hasSuffix("true]}")
            let key = "\(ModelLine(line)?.string(0) ?? "") \(isClean)"
            if let other = self.notifyLines.updateValue(line, forKey: key), other != line {
                self.violation("two forms of one job: \(other) and \(line)")
            }
        }
    }

    // MARK: Time

    func advance(by amount: TimeAmount) {
        let step: TimeAmount = amount <= .seconds(2) ? .milliseconds(200) : .seconds(1)
        let end = self.now + amount
        while self.now < end {
            self.loop.advanceTime(by: min(step, end - self.now))
            for pool in self.pools { pool.tick(random: &self.random) }
            self.core.tick()
            if self.now - self.shardTime >= .seconds(1) {
                self.shardTime = self.now
                for shard in self.shards { shard.tick(now: self.now) }
            }
            self.settle()
            self.check()
        }
    }

    // MARK: Miners

    func addMiner(named name: String, resuming: Bool) {
        let channel = self.makeChannel()
        let session = self.shards[Int.random(in: 0..<self.shards.count, using: &self.random)].makeSession(remote: name)
        do {
            try channel.pipeline.syncOperations.addHandler(session)
        } catch {
            return self.violation("\(error)")
        }
        let miner = ModelMiner(
            name: name,
            session: session.id,
            channel: channel,
            record: self.record,
            memory: resuming ? self.memories[name] ?? ModelMiner.Memory() : ModelMiner.Memory(),
            random: &self.random,
            isLive: { [unowned self] coinbase1, count in
                self.connection(of: coinbase1).map { $0.pool.extranonce2Size >= count } ?? false
            }
        )
        self.miners.append(miner)
        miner.shakeHands(random: &self.random)
    }

    func removeMiner(_ index: Int) {
        let miner = self.miners.remove(at: index)
        self.memories[miner.name] = miner.remember()
        miner.channel.close(promise: nil)
    }

    func dropClosedMiners() { self.miners.removeAll { !$0.isOpen } }

    /// The pool and the connection that a miner's coinbase came by, if that is open.
    func connection(of coinbase1: String) -> (pool: ModelPool, connection: ModelPoolConnection)? {
        guard let index = HexText.bytes(String(coinbase1.prefix(2))).first, Int(index) < self.pools.count else {
            return nil
        }
        let pool = self.pools[Int(index)]
        let key = String(coinbase1.prefix(10 + pool.extranonce1Count * 2))
        return pool.connections.first { $0.isOpen && $0.coinbases.contains(key) }.map { (pool, $0) }
    }

    // MARK: The operator

    func command(_ directive: PoolDirective, _ name: String, within: Duration = .zero) {
        guard case .done = self.core.command(directive, pool: name, within: within) else { return }
        self.setEnabled(name, directive == .enable, within: directive == .drain ? within : .zero)
    }

    private func setEnabled(_ name: String, _ isEnabled: Bool, within: Duration = .zero) {
        if isEnabled {
            if self.enabledSince[name] == nil { self.enabledSince[name] = self.now }
            self.withdrawnSince[name] = nil
        } else {
            self.enabledSince[name] = nil
            self.withdrawnSince[name] = self.now + TimeAmount(within)
        }
    }

    func reload(_ change: (inout RouteConfiguration) -> Void) {
        let former = Set(self.configuration.pools.map(\.name))
        change(&self.configuration)
        self.core.update(self.configuration)
        let names = Set(self.configuration.pools.map(\.name))
        for name in former.subtracting(names) {
            self.removedPools.insert(name)
            self.setEnabled(name, false)
        }
        for name in names.subtracting(former) { self.setEnabled(name, true) }
    }

    func kick(_ session: Int64) {
        for shard in self.shards where shard.kick(session) { return }
    }

    /// Ends everything and undoes the cycle between core and shards.
    func shutDown() {
        if !self.violations.isEmpty { self.trace += self.poolStates }
        self.core.stop()
        self.settle()
        self.loop.advanceTime(by: .seconds(1))
        self.settle()
        self.checkEnd()
        for shard in self.shards {
            shard.closeAll(.shutdown)
            shard.attach(Mailbox(from: self.loop, to: self.loop) { _ in })
        }
        self.loop.run()
    }
}

/// The core wants its connector before the world that connects is complete.
private final class ConnectorBox: PoolConnecting {
    weak var world: InvariantWorld?

    func connect(
        _ connection: PoolConnection,
        to endpoint: PoolEndpoint,
        tls: PoolTLSConfiguration,
        timeout: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        self.world?.connect(connection, to: endpoint, tls: tls, timeout: timeout, on: eventLoop)
            ?? eventLoop.makeFailedFuture(LinkFailure(.connectFailed, "no network"))
    }
}

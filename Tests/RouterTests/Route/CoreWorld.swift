import Logging
import NIOCore
import NIOEmbedded
import PoolPool
import Stratum
import Synchronization

@testable import Router

/// A ``RouteCore`` of Ethash on an embedded loop, pools on embedded channels, and a shard that only collects what it is
/// told. Pools answer by themselves and send a job as soon as a worker is authorised.
final class CoreWorld {
    /// A pool of EthereumStratum/1.0.0.
    final class Pool {
        let name: String
        var extranonce: String
        /// False: nobody can connect.
        var isUp = true
        fileprivate(set) var channels: [EmbeddedChannel] = []
        /// All lines of the router.
        fileprivate(set) var heard: [String] = []
        fileprivate var jobs = 0

        fileprivate init(_ name: String, extranonce: String) {
            self.name = name
            self.extranonce = extranonce
        }

        /// Links that are open.
        var links: Int { self.channels.count(where: \.isActive) }
    }

    private final class Inbox: Sendable {
        let messages = Mutex<[ShardMessage]>([])
    }

    private final class Observer: RouterObserver {
        let events = Mutex<[RouteEvent]>([])
        var nextShareID: Int64 { 1 }
        var nextSessionID: Int64 { 1 }
        var nextJobNumber: UInt64 { 1 }
        func makeLane() -> any RouterLane { Lane(self) }
        func worker(_ name: String, route: String) -> Int32 { 1 }
        func pool(_ name: String, route: String) -> Int32 { Int32(name.utf8.last ?? 0) }
    }

    private final class Lane: RouterLane {
        private let observer: Observer
        init(_ observer: Observer) { self.observer = observer }
        func opened(session: Int64, time: Int64, worker: Int32, remote: String, userAgent: String) {}
        func closed(session: Int64, time: Int64, reason: String) {}
        func issued(_ job: IssuedJob) {}
        func received(_ share: ShareRecord) {}
        func settled(_ share: SettledShare) {}
        func settledLate(_ share: SettledShare) {}
        func happened(_ event: RouteEvent) { self.observer.events.withLock { $0.append(event) } }
    }

    /// The core wants its connector before the world that connects is complete.
    private final class Network: PoolConnecting {
        weak var world: CoreWorld?

        func connect(
            _ connection: PoolConnection,
            to endpoint: PoolEndpoint,
            tls: PoolTLSConfiguration,
            timeout: TimeAmount,
            on eventLoop: any EventLoop
        ) -> EventLoopFuture<Void> {
            self.world?.connect(connection, to: endpoint, on: eventLoop)
                ?? eventLoop.makeFailedFuture(LinkFailure(.connectFailed, "no network"))
        }
    }

    let loop = EmbeddedEventLoop()
    let core: RouteCore
    let registry = NonceRegistry()
    let pools: [Pool]
    private let network = Network()
    private let inbox = Inbox()
    private let observer = Observer()
    private var session: Int64 = 0

    /// - Parameter pools: names with extranonces, best first.
    init(
        _ pools: [(name: String, extranonce: String)],
        arePoolsUp: Bool = true,
        _ change: (inout RouteConfiguration) -> Void = { _ in }
    ) throws {
        self.pools = pools.map { Pool($0.name, extranonce: $0.extranonce) }
        for pool in self.pools { pool.isUp = arePoolsUp }
        var configuration = RouteConfiguration(
            name: "etc",
            listeners: [],
            pools: pools.enumerated().map { index, pool in
                PoolConfiguration(
                    name: pool.name,
                    endpoint: PoolEndpoint(transport: .tcp, host: "\(pool.name).example", port: 3333),
                    user: "account",
                    priority: index + 1
                )
            }
        )
        configuration.dialect = try ConfiguredDialect(EthashDialect.self)
        configuration.health.failbackAfter = .seconds(2)
        configuration.health.slowStart = .seconds(1)
        configuration.balance = BalanceConfiguration(movesPerSecond: 10, patience: .zero)
        change(&configuration)
        self.loop.advanceTime(by: .hours(1))
        self.core = RouteCore(
            configuration: configuration,
            eventLoop: self.loop,
            connector: self.network,
            observer: self.observer,
            registry: self.registry,
            ids: RouterIDs(firstShare: 1, firstSession: 1, firstJob: 1),
            userAgent: "router/test",
            seed: 1,
            unixMilliseconds: { 1_700_000_000_000 },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        self.network.world = self
        let inbox = self.inbox
        self.core.start(shards: [
            Mailbox(from: self.loop, to: self.loop) { batch in inbox.messages.withLock { $0 += batch } }
        ])
        self.settle()
        self.passes(seconds: 0)
    }

    // MARK: Pools

    func pool(_ name: String) -> Pool { self.pools.first { $0.name == name } ?? self.pools[0] }

    private func connect(
        _ connection: PoolConnection, to endpoint: PoolEndpoint, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        guard let pool = self.pools.first(where: { endpoint.host.hasPrefix($0.name) }), pool.isUp else {
            return eventLoop.makeFailedFuture(LinkFailure(.connectFailed, "refused"))
        }
        let channel = EmbeddedChannel(loop: self.loop)
        do {
            channel.connect(to: try SocketAddress(unixDomainSocketPath: "/pool"), promise: nil)
            try channel.pipeline.syncOperations.addHandler(connection)
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
        pool.channels.append(channel)
        return eventLoop.makeSucceededVoidFuture()
    }

    /// The pool goes, and all its links with it.
    func fails(_ name: String) {
        let pool = self.pool(name)
        pool.isUp = false
        for channel in pool.channels where channel.isActive { channel.close(promise: nil) }
        self.settle()
    }

    /// The pool sends a clean job on each of its links.
    func sendsJob(_ name: String) throws {
        let pool = self.pool(name)
        for channel in pool.channels where channel.isActive {
            try channel.writeInbound(ByteBuffer(string: Self.job(of: pool)))
        }
        self.settle()
    }

    private static func job(of pool: Pool) -> String {
        pool.jobs += 1
        let header = EthashLines.header(UInt8(truncatingIfNeeded: pool.jobs))
        let seed = String(repeating: "29", count: 32)
        return #"{"id":null,"method":"mining.notify","params":["\#(pool.jobs)","\#(seed)","\#(header)",true]}"# + "\n"
    }

    /// Lines go to and fro until nobody has anything to say.
    func settle() {
        for _ in 0..<50 {
            self.loop.run()
            var isQuiet = true
            for pool in self.pools where self.serve(pool) { isQuiet = false }
            if isQuiet { return }
        }
    }

    private func serve(_ pool: Pool) -> Bool {
        var didSomething = false
        for channel in pool.channels where channel.isActive {
            while let bytes = try? channel.readOutbound(as: ByteBuffer.self) {
                for line in spokenLines(bytes) {
                    didSomething = true
                    pool.heard.append(line)
                    let answer = Self.answer(to: line, of: pool)
                    if !answer.isEmpty { _ = try? channel.writeInbound(ByteBuffer(string: answer)) }
                }
            }
        }
        return didSomething
    }

    private static func answer(to line: String, of pool: Pool) -> String {
        let id = line.dropFirst(6).prefix { $0 != "," }
        if line.contains("mining.subscribe") {
            return #"{"id":\#(id),"result":[["mining.notify","s","EthereumStratum/1.0.0"],"\#(pool.extranonce)"],"#
                + #""error":null}"# + "\n"
        }
        if line.contains("mining.authorize") {
            return #"{"id":\#(id),"result":true,"error":null}"# + "\n" + Self.job(of: pool)
        }
        return #"{"id":\#(id),"result":true,"error":null}"# + "\n"
    }

    // MARK: Sessions

    /// A miner of EthereumStratum/1.0.0 has subscribed.
    @discardableResult
    func waits(
        from address: String = "192.0.2.1", canChangeNonce: Bool = false, nonce: NonceGrant? = nil
    ) -> SessionIntroduction {
        self.session += 1
        let introduction = SessionIntroduction(
            session: self.session,
            shard: 0,
            identity: SessionIdentity(login: "", remote: address),
            nonce: nonce ?? self.allocate(),
            followsPool: true,
            kind: EthashFlavor.stratum1.kind,
            canChangeNonce: canChangeNonce,
            estimate: nil
        )
        self.says(.sessionWaits(introduction))
        return introduction
    }

    /// A slice of the smallest nonce space that there is: there are few of them.
    func allocate(total: Int = 2) -> NonceGrant {
        let values: ClosedRange<UInt64> = total == 1 ? 0...0xff : 0...0xffff
        return self.registry.allocate(
            layout: NonceLayout(total: total), range: PrefixRange(count: total, values: values)
        )
    }

    /// The session has said its name.
    func authorizes(_ introduction: SessionIntroduction, as login: String = "acct.w1") {
        var introduction = introduction
        introduction.identity = SessionIdentity(login: login, remote: introduction.identity.remote)
        self.says(.sessionReady(introduction))
    }

    /// The session is gone and what it had of the nonce space is free.
    func leaves(_ introduction: SessionIntroduction) {
        self.registry.release(introduction.nonce, now: self.loop.now)
        self.says(.sessionGone(introduction.session))
    }

    func says(_ messages: CoreMessage...) {
        self.core.received(messages)
        self.settle()
    }

    /// What the shard was told since it was last asked.
    func told() -> [ShardMessage] {
        self.settle()
        return self.inbox.messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }

    /// All that was told of pools, of these kinds.
    func events(_ kinds: RouteEvent.Kind...) -> [RouteEvent] {
        self.observer.events.withLock { $0.filter { kinds.contains($0.kind) } }
    }

    /// The offers among it, as `1: a1b2`.
    func offers() -> [String] {
        self.told().compactMap { message in
            guard case .offer(let session, let base) = message else { return nil }
            return "\(session): " + base.map { String(Int($0) | 0x100, radix: 16).dropFirst() }.joined()
        }
    }

    /// The pool of a session that mines; nil while it does not.
    func pool(of introduction: SessionIntroduction) -> String? {
        self.core.placements[introduction.session]?.link?.pool
    }

    // MARK: Time

    /// Time passes in steps of a tenth of a second.
    func passes(seconds: Int) {
        self.core.tick()
        self.settle()
        for _ in 0..<seconds * 10 {
            self.loop.advanceTime(by: .milliseconds(100))
            self.core.tick()
            self.settle()
        }
    }
}

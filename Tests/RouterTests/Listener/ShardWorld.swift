import Logging
import NIOCore
import NIOEmbedded
import PoolPool
import Stratum
import Synchronization

@testable import Router

/// A ``RouterShard`` on an embedded loop, miners on embedded channels, and a core that only collects what it is told.
final class ShardWorld {
    /// What a lane was told, in words.
    final class Diary: RouterObserver {
        let lines = Mutex<[String]>([])

        var nextShareID: Int64 { 1 }
        var nextSessionID: Int64 { 1 }
        var nextJobNumber: UInt64 { 1 }

        func makeLane() -> any RouterLane { Lane(diary: self) }
        func worker(_ name: String, route: String) -> Int32 { Int32(name.utf8.last ?? 0) }
        func pool(_ name: String, route: String) -> Int32 { 1 }
        func write(_ line: String) { self.lines.withLock { $0.append(line) } }
    }

    private final class Lane: RouterLane {
        private let diary: Diary

        init(diary: Diary) { self.diary = diary }

        func opened(session: Int64, time: Int64, worker: Int32, remote: String, userAgent: String) {
            self.diary.write("opened \(session)")
        }
        func closed(session: Int64, time: Int64, reason: String) { self.diary.write("closed \(session): \(reason)") }
        func issued(_ job: IssuedJob) {}
        func received(_ share: ShareRecord) {
            self.diary.write("share \(share.id) \(share.forwarded ? "forwarded" : "settled")")
        }
        func settled(_ share: SettledShare) { self.diary.write("settled \(share.id)") }
        func settledLate(_ share: SettledShare) { self.diary.write("settled late \(share.id)") }
        func happened(_ event: RouteEvent) {}
    }

    private final class Inbox: Sendable {
        let messages = Mutex<[CoreMessage]>([])
    }

    let loop = EmbeddedEventLoop()
    let shard: RouterShard
    let registry = NonceRegistry()
    private let diary = Diary()
    private let inbox = Inbox()
    private(set) var channels: [EmbeddedChannel] = []

    /// - Parameter log: told what the shard logs.
    init(
        isOpen: Bool = true, log: LogKeeper = LogKeeper(), _ change: (inout RouteConfiguration) -> Void = { _ in }
    ) {
        var configuration = RouteConfiguration(name: "btc", listeners: [], pools: [])
        configuration.vardiff.minimum = 1e-12
        change(&configuration)
        self.loop.advanceTime(by: .hours(1))
        let token = Atomic<UInt64>(0xa0)
        self.shard = RouterShard(
            index: 0,
            configuration: configuration,
            eventLoop: self.loop,
            observer: self.diary,
            registry: self.registry,
            ids: RouterIDs(firstShare: 1, firstSession: 1, firstJob: 1, token: { token.next() }),
            unixMilliseconds: { 1_700_000_000_000 },
            logger: log.logger
        )
        let inbox = self.inbox
        self.shard.attach(
            Mailbox(from: self.loop, to: self.loop) { batch in inbox.messages.withLock { $0 += batch } }
        )
        if isOpen { self.opens(layout: configuration.dialect.dialect.assumedLayout) }
    }

    /// The route's pools are known.
    func opens(layout: NonceLayout = .bitcoinAssumed) {
        var facts = RouteFacts(layout: layout)
        facts.isOpen = true
        facts.commonMask = 0x1fff_e000
        self.shard.received([.facts(facts)])
        self.loop.run()
    }

    // MARK: Miners

    /// A miner connects; its number.
    @discardableResult
    func connects() throws -> Int {
        let channel = EmbeddedChannel(handler: self.shard.makeSession(remote: "192.0.2.1:5000"), loop: self.loop)
        channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 5000), promise: nil)
        self.channels.append(channel)
        return self.channels.count - 1
    }

    /// A miner connects, subscribes and authorises; what it hears is dropped.
    @discardableResult
    func joins(sessionID: String? = nil, user: String = "acct.w1") throws -> Int {
        let miner = try self.connects()
        let former = sessionID.map { ",\"\($0)\"" } ?? ""
        try self.says(miner, #"{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"\#(former)]}"#)
        try self.says(miner, #"{"id":2,"method":"mining.authorize","params":["\#(user)","x"]}"#)
        return miner
    }

    /// The miner sends lines, or bytes, in one segment.
    func says(_ miner: Int, _ lines: String..., ending: String = "\n") throws {
        let text = lines.map { $0 + ending }.joined()
        try self.channels[miner].writeInbound(ByteBuffer(string: text))
        self.loop.run()
    }

    /// What the miner heard since it was last asked.
    func hears(_ miner: Int) throws -> [String] {
        var lines: [String] = []
        while let bytes = try self.channels[miner].readOutbound(as: ByteBuffer.self) { lines += spokenLines(bytes) }
        return lines
    }

    func isConnected(_ miner: Int) -> Bool { self.channels[miner].isActive }

    func leaves(_ miner: Int) {
        self.channels[miner].close(promise: nil)
        self.loop.run()
    }

    // MARK: The core

    /// The core's messages arrive.
    func receives(_ messages: ShardMessage...) {
        self.shard.received(messages)
        self.loop.run()
    }

    /// What the core was told since it was last asked.
    func told() -> [CoreMessage] {
        self.loop.run()
        return self.inbox.messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }

    /// The shares among it.
    func forwarded() -> [UpstreamShare] {
        self.told().compactMap { message in
            if case .share(let share, _) = message { return share }
            return nil
        }
    }

    /// What the observer was told since it was last asked.
    func recorded() -> [String] {
        self.diary.lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }

    /// Time passes in steps of a second.
    func waits(seconds: Int) {
        for _ in 0..<seconds {
            self.loop.advanceTime(by: .seconds(1))
            self.shard.tick(now: self.loop.now)
            self.loop.run()
        }
    }
}

extension Atomic where Value == UInt64 {
    fileprivate borrowing func next() -> UInt64 { self.wrappingAdd(1, ordering: .relaxed).newValue }
}

import Foundation
import Logging
import NIOCore
import NIOEmbedded
import PoolPool
import Stratum
import Synchronization

@testable import Router

/// Lets judgements through that wait at it, as many as it is told.
final class JudgementGate: Sendable {
    private let condition = NSCondition()
    private let permits = Mutex(0)

    /// Waits for a permit and takes it.
    func pass() {
        self.condition.lock()
        defer { self.condition.unlock() }
        while !self.take() { self.condition.wait() }
    }

    /// So many more may pass.
    func open(_ count: Int) {
        self.condition.lock()
        defer { self.condition.unlock() }
        self.permits.withLock { $0 += count }
        self.condition.broadcast()
    }

    private func take() -> Bool {
        self.permits.withLock { permits in
            guard permits > 0 else { return false }
            permits -= 1
            return true
        }
    }
}

/// Bitcoin, with a hash that waits at a gate, away from the event loop.
struct GatedDialect: BitcoinLikeDialect {
    static let name = "gated"
    static let summary = "none"
    static let gate = JudgementGate()
    static let algorithm = BitcoinAlgorithm(isSlow: true) { header in
        Self.gate.pass()
        return header.powHash
    }

    init(_ options: DialectOptions) {}
}

/// A ``RouterShard`` whose shares are judged on other threads, with its loop on a thread of its own.
final class SlowWorld: Sendable {
    private final class Inbox: Sendable {
        let shares = Mutex<[UpstreamShare]>([])
    }

    let loop = NIOAsyncTestingEventLoop()
    private let shard: NIOLoopBound<RouterShard>
    private let diary = ShardWorld.Diary()
    private let inbox = Inbox()
    let job: IssuedJob

    /// A shard with a job on link 1; shares are answered as soon as they are judged unless `reply` says else.
    init(reply: RouteConfiguration.Reply = .immediate) async throws {
        var configuration = RouteConfiguration(name: "btc", listeners: [], pools: [])
        configuration.vardiff.minimum = 1e-12
        configuration.dialect = try ConfiguredDialect(GatedDialect.self)
        configuration.reply = reply
        let job = try Self.job()
        let (loop, diary, inbox, route) = (self.loop, self.diary, self.inbox, configuration)
        self.job = job
        self.shard = try await loop.executeInContext {
            let shard = RouterShard(
                index: 0,
                configuration: route,
                eventLoop: loop,
                observer: diary,
                registry: NonceRegistry(),
                ids: RouterIDs(firstShare: 1, firstSession: 1, firstJob: 1),
                unixMilliseconds: { 1_700_000_000_000 },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            shard.attach(
                Mailbox(from: loop, to: loop) { batch in
                    for case .share(let share, _) in batch { inbox.shares.withLock { $0.append(share) } }
                }
            )
            var facts = RouteFacts(layout: .bitcoinAssumed)
            facts.isOpen = true
            shard.received([.facts(facts), .job(job, .new)])
            return NIOLoopBound(shard, eventLoop: loop)
        }
    }

    private static func job() throws -> IssuedJob {
        struct None: Error {}
        guard let job = IssuingLink().receives(upstreamJob()) else { throw None() }
        return job
    }

    /// A miner that has subscribed and authorised and has its job.
    func joins() async throws -> NIOAsyncTestingChannel {
        let channel = NIOAsyncTestingChannel(loop: self.loop)
        let session = try await self.onLoop { shard in
            let session = shard.makeSession(remote: "192.0.2.1:5000")
            try channel.pipeline.syncOperations.addHandler(session)
            return session.id
        }
        try await channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000))
        try await self.says(
            channel,
            #"{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}"#,
            #"{"id":2,"method":"mining.authorize","params":["acct.w1","x"]}"#
        )
        try await self.onLoop { $0.received([.assign(sessions: [session], link: 1)]) }
        var heard: [String] = []
        while !heard.contains(where: { $0.contains("mining.notify\",\"params") }) {
            heard += spokenLines(try await channel.waitForOutboundWrite(as: ByteBuffer.self))
        }
        return channel
    }

    /// In one segment.
    func says(_ miner: NIOAsyncTestingChannel, _ lines: String...) async throws {
        try await miner.writeInbound(ByteBuffer(string: lines.map { $0 + "\n" }.joined()))
    }

    /// Submits, one for each nonce, in one segment.
    func submits(_ miner: NIOAsyncTestingChannel, _ nonces: [UInt32], id: Int? = nil) async throws {
        let lines = nonces.map { nonce in
            let digits = String(UInt64(nonce) | 0x1_0000_0000, radix: 16).dropFirst()
            return #"{"id":\#(id ?? Int(nonce)),"method":"mining.submit","params":["acct.w1","\#(self.job.id)","#
                + #""00000000","6553f100","\#(digits)"]}"# + "\n"
        }
        try await miner.writeInbound(ByteBuffer(string: lines.joined()))
    }

    /// The next so many lines that the miner hears.
    func hears(_ miner: NIOAsyncTestingChannel, _ count: Int) async throws -> [String] {
        var lines: [String] = []
        while lines.count < count {
            lines += spokenLines(try await miner.waitForOutboundWrite(as: ByteBuffer.self))
        }
        return lines
    }

    func onLoop<Value: Sendable>(_ body: @escaping @Sendable (RouterShard) throws -> Value) async throws -> Value {
        let shard = self.shard
        return try await self.loop.executeInContext { try body(shard.value) }
    }

    /// Shares that are being judged.
    var judgements: Int {
        get async throws { try await self.onLoop { $0.judgements } }
    }

    /// Whether anything is read from the miner, as far as its session has a say.
    func isReading(_ miner: NIOAsyncTestingChannel) -> Bool {
        for (option, value) in miner.options where option is ChannelOptions.Types.AutoReadOption {
            return value as? Bool ?? true
        }
        return true
    }

    /// What went to the pool.
    var forwarded: [UpstreamShare] { self.inbox.shares.withLock { $0 } }

    /// What the observer was told.
    var recorded: [String] { self.diary.lines.withLock { $0 } }

    /// Returns when no share is being judged any more. Each must have been let through the gate.
    func rests() async throws {
        let rested = self.loop.makePromise(of: Void.self)
        try await self.onLoop { shard in
            shard.rested = { rested.succeed() }
            if shard.judgements == 0 { rested.succeed() }
        }
        try await rested.futureResult.get()
        // What was posted to the core goes out at the end of the turn.
        try await self.onLoop { _ in }
    }
}

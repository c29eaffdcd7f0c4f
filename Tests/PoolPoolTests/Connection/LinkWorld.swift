import Logging
import NIOCore
import NIOEmbedded
import PoolPool
import Stratum

/// A ``PoolLink`` on an embedded loop, the pool it connects to, and a diary of what the link announces.
final class LinkWorld: PoolConnecting, PoolLinkDelegate {
    /// One attempt of the link to connect.
    struct Attempt {
        var endpoint: PoolEndpoint
        var connection: PoolConnection
        var promise: EventLoopPromise<Void>
        var channel: EmbeddedChannel?
    }

    let loop = EmbeddedEventLoop()
    private(set) var attempts: [Attempt] = []
    private var diary: [String] = []
    private var links: [PoolLink] = []
    private let memory = PoolMemory()

    var link: PoolLink { self.links[0] }

    /// - Parameters:
    ///   - user: nil for a link that only shows that the pool is there.
    ///   - seed: of the jitter.
    init(user: String? = "acct.w1", versionRolling: Bool = false, seed: UInt64 = 1, health: HealthConfiguration? = nil)
    {
        // Deadlines before the loop's zero would be cut off.
        self.loop.advanceTime(by: .hours(1))
        self.addLink(user: user, versionRolling: versionRolling, seed: seed, health: health)
    }

    /// Another link to the same pool.
    @discardableResult
    func addLink(
        user: String?,
        versionRolling: Bool = false,
        seed: UInt64 = 1,
        health: HealthConfiguration? = nil
    ) -> PoolLink {
        var nextConnection = self.links.count * 100
        let link = PoolLink(
            id: self.links.count + 1,
            key: LinkKey(pool: "a", user: user ?? "", space: self.links.count),
            configuration: PoolConfiguration(
                name: "a",
                endpoint: PoolEndpoint(transport: .tcp, host: "eu.pool.example", port: 3333),
                user: "{user}",
                versionRolling: versionRolling
            ),
            user: user,
            dialect: BitcoinDialect(),
            health: health ?? HealthConfiguration(),
            versionMask: 0x1fff_e000,
            userAgent: "router/1",
            eventLoop: self.loop,
            connector: self,
            memory: self.memory,
            random: RandomSource(seed: seed),
            nextConnectionID: {
                nextConnection += 1
                return nextConnection
            },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            delegate: self
        )
        self.links.append(link)
        return link
    }

    // MARK: The pool

    /// Accepts the newest attempt, or the one with this number.
    func accept(_ index: Int? = nil) throws {
        let index = index ?? self.attempts.count - 1
        let channel = EmbeddedChannel(loop: self.loop)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 3333), promise: nil)
        self.attempts[index].channel = channel
        try channel.pipeline.syncOperations.addHandler(self.attempts[index].connection)
        self.attempts[index].promise.succeed()
        self.loop.run()
    }

    /// Refuses the newest attempt.
    func refuse(_ kind: LinkFailure.Kind = .connectFailed) {
        self.attempts[self.attempts.count - 1].promise.fail(LinkFailure(kind, "refused"))
        self.loop.run()
    }

    func says(_ line: String, on index: Int? = nil) throws {
        try self.channel(index)?.writeInbound(ByteBuffer(string: line + "\n"))
        self.loop.run()
    }

    /// What the router sent on a connection since it was last asked.
    func heard(on index: Int? = nil) throws -> [String] {
        var lines: [String] = []
        while let bytes = try self.channel(index)?.readOutbound(as: ByteBuffer.self) { lines += sentLines(bytes) }
        return lines
    }

    /// The connection ends from the pool's side.
    func closes(_ index: Int? = nil) {
        self.channel(index)?.close(promise: nil)
        self.loop.run()
    }

    /// Answers every request of the handshake in the order it comes.
    func shakeHands(_ index: Int? = nil, extranonce: String = #""8100f3c2",8"#) throws {
        while true {
            let lines = try self.heard(on: index)
            guard !lines.isEmpty else { return }
            for line in lines {
                let id = line.dropFirst(6).prefix { $0.isNumber }
                if line.contains("mining.configure") {
                    let result = #"{"version-rolling":true,"version-rolling.mask":"1fffe000"}"#
                    try self.says(#"{"id":\#(id),"result":\#(result),"error":null}"#, on: index)
                } else if line.contains("mining.subscribe") {
                    let result = #"[[["mining.notify","s\#(self.attempts.count)"]],\#(extranonce)]"#
                    try self.says(#"{"id":\#(id),"result":\#(result),"error":null}"#, on: index)
                } else {
                    try self.says(#"{"id":\#(id),"result":true,"error":null}"#, on: index)
                }
            }
        }
    }

    /// Starts the link and brings it up with the job `j1`; its diary begins after that.
    func becomesReady() throws {
        self.link.start()
        try self.accept()
        try self.shakeHands()
        try self.says(notifyLine("j1"))
        _ = self.news()
    }

    private func channel(_ index: Int?) -> EmbeddedChannel? {
        self.attempts[index ?? self.attempts.count - 1].channel
    }

    // MARK: Time

    /// Time passes in steps of a quarter of a second, as in the router.
    func waits(_ amount: TimeAmount) {
        let end = self.loop.now + amount
        while self.loop.now < end {
            self.loop.advanceTime(by: min(.milliseconds(250), end - self.loop.now))
            for link in self.links { link.tick(now: self.loop.now) }
            self.loop.run()
        }
    }

    /// The fresh jobs a healthy pool sends while this much time passes, one every `interval`.
    func mines(for amount: TimeAmount, interval: TimeAmount = .seconds(30)) throws {
        let end = self.loop.now + amount
        while self.loop.now < end {
            self.waits(interval)
            try self.says(notifyLine("t\(self.loop.now.uptimeNanoseconds)", clean: false))
        }
        _ = self.news()
    }

    /// What the link announced since this was last asked.
    func news() -> [String] {
        defer { self.diary = [] }
        return self.diary
    }

    // MARK: Delegates

    func connect(
        _ connection: PoolConnection,
        to endpoint: PoolEndpoint,
        tls: PoolTLSConfiguration,
        timeout: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        self.attempts.append(Attempt(endpoint: endpoint, connection: connection, promise: promise))
        return promise.futureResult
    }

    func link(_ link: PoolLink, subscribed terms: PoolTerms) {
        self.diary.append("subscribed \(words(terms))")
    }

    func link(_ link: PoolLink, readyWith job: UpstreamJob, on connection: ConnectionID) {
        self.diary.append("ready \(job.work.id) on \(connection)")
    }

    func link(_ link: PoolLink, received job: UpstreamJob, on connection: ConnectionID) {
        self.diary.append("job \(job.work.id) on \(connection)")
    }

    func link(_ link: PoolLink, versionMaskChanged mask: UInt32) {
        self.diary.append("mask \(String(mask, radix: 16))")
    }

    func link(
        _ link: PoolLink,
        settled ticket: ShareTicket,
        verdict: PoolVerdict,
        after latency: TimeAmount,
        late: Bool
    ) {
        let word = verdict == .accepted ? "accepted" : "rejected"
        self.diary.append("\(word) \(ticket.share) after \(latency.nanoseconds / 1_000_000) ms\(late ? ", late" : "")")
    }

    func link(_ link: PoolLink, lost tickets: [ShareTicket], because failure: LinkFailure) {
        self.diary.append("lost \(tickets.map { String($0.share) }.joined(separator: ",")): \(failure.kind.rawValue)")
    }

    func link(_ link: PoolLink, failed failure: LinkFailure, wasReady: Bool) {
        self.diary.append("failed \(failure.kind.rawValue)\(wasReady ? ", was ready" : "")")
    }

    func link(_ link: PoolLink, closed connection: ConnectionID) {
        self.diary.append("closed \(connection)")
    }

    func link(_ link: PoolLink, suspected reason: String?) {
        self.diary.append(reason.map { "suspect: \($0)" } ?? "cleared")
    }

    func link(_ link: PoolLink, overstepped what: String, isAttack: Bool) {
        self.diary.append("overstepped: \(what)\(isAttack ? ", an attack" : "")")
    }
}

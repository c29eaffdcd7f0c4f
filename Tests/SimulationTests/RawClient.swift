import NIOCore
import NIOPosix
import Simulation
import Testing

/// What a raw client received.
struct RawLog: Sendable, CustomStringConvertible {
    var lines: [String] = []
    var isInputClosed = false
    var isClosed = false
    var description: String { "closed \(self.isClosed), lines \(self.lines)" }

    struct Job: Hashable {
        var id = ""
        var ntime = ""
    }

    /// The id and the ntime of the latest job; empty before the first.
    var job: Job {
        let strings = self.lines.last { $0.contains("mining.notify\",\"params") }?.split(separator: "\"") ?? []
        guard let start = strings.firstIndex(of: "params"), strings.count > start + 2 else { return Job() }
        return Job(id: String(strings[start + 2]), ntime: String(strings[strings.count - 2]))
    }
}

/// A client without manners: sends lines, keeps lines.
final class RawClient: Sendable {
    private let channel: any Channel
    private let journal: Journal<RawLog>

    private init(channel: any Channel, journal: Journal<RawLog>) {
        self.channel = channel
        self.journal = journal
    }

    static func connect(to pool: SimulatedPool) async throws -> RawClient {
        let journal = Journal(RawLog())
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(journal))
                }
            }
            .connect(host: "127.0.0.1", port: pool.port)
            .get()
        return RawClient(channel: channel, journal: journal)
    }

    /// Connects, subscribes as id 1, authorises `worker` as id 2 and waits for the first job.
    static func mining(on pool: SimulatedPool, worker: String = "raw.1") async throws -> RawClient {
        let client = try await Self.connect(to: pool)
        try await client.send(#"{"id":1,"method":"mining.subscribe","params":["raw/1.0"]}"#)
        try await client.send(#"{"id":2,"method":"mining.authorize","params":["\#(worker)","x"]}"#)
        try await client.wait("the first job") { $0.job != RawLog.Job() }
        return client
    }

    var lines: [String] { self.journal.value.lines }

    /// The latest job.
    var job: RawLog.Job { self.journal.value.job }

    /// Waits for a job other than `job`.
    func nextJob(after job: RawLog.Job) async throws {
        try await self.wait("the next job") { $0.job != job }
    }

    func send(_ line: String) async throws {
        try await self.channel.writeAndFlush(ByteBuffer(string: line + "\n"))
    }

    /// Submits for the latest job as `id`, whatever is not given being right.
    func submit(
        id: Int,
        worker: String = "raw.1",
        job: String? = nil,
        extranonce2: String = "0000000000000000",
        ntime: String? = nil,
        nonce: String = "00000000",
        bits: String? = nil
    ) async throws {
        let fields =
            [worker, job ?? self.job.id, extranonce2, ntime ?? self.job.ntime, nonce] + [bits].compactMap { $0 }
        let params = fields.map { "\"\($0)\"" }.joined(separator: ",")
        try await self.send(#"{"id":\#(id),"method":"mining.submit","params":[\#(params)]}"#)
    }

    /// Waits for the reply to `id`.
    func reply(_ id: Int) async throws -> String {
        try await self.wait("reply \(id)") { log in log.lines.contains { $0.hasPrefix("{\"id\":\(id),") } }
        return self.lines.first { $0.hasPrefix("{\"id\":\(id),") } ?? ""
    }

    func wait(_ what: String, until condition: @escaping @Sendable (RawLog) -> Bool) async throws {
        try await self.journal.wait(what, until: condition, timeout: .seconds(60))
    }

    func close() async throws {
        try? await self.channel.close()
        try await self.wait("the end") { $0.isClosed }
    }
}

private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let journal: Journal<RawLog>
    private var rest = ""

    init(_ journal: Journal<RawLog>) {
        self.journal = journal
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.rest += String(buffer: self.unwrapInboundIn(data))
        var lines = self.rest.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        self.rest = lines.popLast() ?? ""
        self.journal.update { $0.lines += lines }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { self.journal.update { $0.isInputClosed = true } }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.journal.update { $0.isClosed = true }
    }
}

/// Starts a pool whose every share is good enough, unless `change` says otherwise, and stops it after `body`.
func withPool(
    _ change: (inout SimulatedPoolConfiguration) -> Void = { _ in },
    _ body: (SimulatedPool) async throws -> Void
) async throws {
    var configuration = SimulatedPoolConfiguration(name: "pool")
    configuration.difficulty = 1e-12
    configuration.jobInterval = nil
    change(&configuration)
    let pool = try await SimulatedPool.start(configuration, on: MultiThreadedEventLoopGroup.singleton)
    do {
        try await body(pool)
    } catch {
        try await pool.stop()
        throw error
    }
    try await pool.stop()
}

/// Starts a miner on `pool` and stops it after `body`.
func withMiner(
    on pool: SimulatedPool,
    _ profile: MinerProfile = .plain,
    _ change: (inout SimulatedMinerConfiguration) -> Void = { _ in },
    _ body: (SimulatedMiner) async throws -> Void
) async throws {
    var configuration = SimulatedMinerConfiguration(user: "farm.\(profile)", profile: profile, port: pool.port)
    configuration.reconnectDelay = .milliseconds(10)
    change(&configuration)
    let miner = try await SimulatedMiner.start(configuration, on: MultiThreadedEventLoopGroup.singleton)
    do {
        try await body(miner)
    } catch {
        try await miner.stop()
        throw error
    }
    try await miner.stop()
}

import NIOCore
import NIOPosix
import Simulation

/// What a raw miner has received.
struct RawMinerLog: Sendable, CustomStringConvertible {
    var lines: [String] = []
    var isClosed = false

    var description: String { "closed \(self.isClosed), \(self.lines.count) lines, last \(self.lines.suffix(3))" }

    /// The lines with this text in them.
    func count(of text: String) -> Int { self.lines.reduce(0) { $1.contains(text) ? $0 + 1 : $0 } }

    /// The reply to request `id`.
    func reply(_ id: Int) -> String? { self.lines.first { $0.hasPrefix("{\"id\":\(id),") } }

    /// Strings of the newest line of this method: the texts between quotation marks that follow `params`.
    func params(of method: String) -> [String]? {
        guard let line = self.lines.last(where: { $0.contains("\"\(method)\"") }) else { return nil }
        let texts = line.split(separator: "\"", omittingEmptySubsequences: false).map(String.init)
        guard let start = texts.firstIndex(of: "params") else { return nil }
        return stride(from: start + 2, to: texts.count, by: 2).map { texts[$0] }
    }
}

/// A peer without manners: sends bytes, keeps lines, reads only if it is told to.
final class RawMiner: Sendable {
    private let channel: any Channel
    private let journal: Journal<RawMinerLog>

    private init(channel: any Channel, journal: Journal<RawMinerLog>) {
        self.channel = channel
        self.journal = journal
    }

    /// - Parameter reads: false leaves everything that comes in the kernel's small buffer, until ``read()``.
    static func connect(to port: Int, reads: Bool = true) async throws -> RawMiner {
        let journal = Journal(RawMinerLog())
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelOption(.socketOption(.so_rcvbuf), value: reads ? 1 << 18 : 4096)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RawLineCollector(journal))
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .get()
        return RawMiner(channel: channel, journal: journal)
    }

    /// Subscribes as request 1, authorises as request 2 and waits for the first job.
    static func mining(on port: Int, user: String, resuming sessionID: String? = nil) async throws -> RawMiner {
        let miner = try await Self.connect(to: port)
        try await miner.begin(user: user, resuming: sessionID)
        try await miner.wait("the first job") { $0.params(of: "mining.notify") != nil }
        return miner
    }

    /// Subscribes as request 1 and authorises as request 2, in one write.
    func begin(user: String, resuming sessionID: String? = nil) async throws {
        let session = sessionID.map { ",\"\($0)\"" } ?? ""
        try await self.send(
            #"{"id":1,"method":"mining.subscribe","params":["raw/1.0"\#(session)]}"#,
            #"{"id":2,"method":"mining.authorize","params":["\#(user)","x"]}"#
        )
    }

    var log: RawMinerLog { self.journal.value }

    /// The subscription id of the subscribe reply.
    var sessionID: String { self.subscription[7] }
    var extranonce1: String { self.subscription[13] }
    /// The newest job's id and ntime.
    var job: (id: String, ntime: String) {
        let params = self.log.params(of: "mining.notify") ?? []
        return (params.first ?? "", params.last ?? "")
    }

    /// The subscribe reply, cut at its quotation marks.
    private var subscription: [String] {
        let texts = (self.log.reply(1) ?? "").split(separator: "\"").map(String.init)
        return texts + [String](repeating: "", count: max(0, 16 - texts.count))
    }

    func send(_ lines: String...) async throws {
        try await self.send(bytes: Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    func send(bytes: [UInt8]) async throws {
        try await self.channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// Submits extranonce2 zero, by default for the newest job, and does not wait.
    func submit(id: Int, user: String, nonce: UInt32, size: Int = 4, job: (id: String, ntime: String)? = nil)
        async throws
    {
        let job = job ?? self.job
        let extranonce2 = String(repeating: "00", count: size)
        let fields = [user, job.id, extranonce2, job.ntime, Books.hex(nonce)].map { "\"\($0)\"" }
        try await self.send(#"{"id":\#(id),"method":"mining.submit","params":[\#(fields.joined(separator: ","))]}"#)
    }

    /// Waits for the reply to `id`.
    func reply(_ id: Int) async throws -> String {
        try await self.wait("reply \(id)") { $0.reply(id) != nil }
        return self.log.reply(id) ?? ""
    }

    /// Begins to read, if it did not.
    func read() async throws {
        try await self.channel.setOption(.autoRead, value: true).get()
    }

    func wait(_ what: String, until condition: @escaping @Sendable (RawMinerLog) -> Bool) async throws {
        try await self.journal.wait(what, until: condition, timeout: .seconds(60))
    }

    func waitForClose(_ what: String = "the end") async throws {
        try await self.wait(what) { $0.isClosed }
    }

    func close() async throws {
        try? await self.channel.close()
        try await self.waitForClose()
    }
}

/// Keeps lines.
private final class RawLineCollector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let journal: Journal<RawMinerLog>
    private var rest = ByteBuffer()

    init(_ journal: Journal<RawMinerLog>) {
        self.journal = journal
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.rest.writeBuffer(&bytes)
        var lines: [String] = []
        while let end = self.rest.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(self.rest.readString(length: end - self.rest.readerIndex) ?? "")
            self.rest.moveReaderIndex(forwardBy: 1)
        }
        self.rest.discardReadBytes()
        if !lines.isEmpty { self.journal.update { $0.lines += lines } }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.journal.update { $0.isClosed = true }
    }
}

import Foundation
import NIOCore
import NIOPosix
import Simulation

/// What a hostile pool says when. Texts are whole lines, sent as they are.
struct RawPoolScript: Sendable {
    /// Sent as soon as a link is up.
    var greeting: [UInt8] = []
    /// The `result` member of the subscribe reply.
    var subscription = #"[[["mining.notify","s"]],"a1b2c3d4",8]"#
    var difficulty = "1e-7"
    var notify = RawPoolScript.notify()
    /// Sent behind the first job.
    var afterJob: [String] = []
    /// The reply to a submit, without its id.
    var verdict = #""result":true,"error":null"#

    /// The line of a job that makes sense, but for what is given.
    static func notify(
        id: String = "\"1\"",
        previousHash: String = "\"" + String(repeating: "4d16b6f8", count: 8) + "\"",
        coinbase1: String = "\"0100000001" + String(repeating: "00", count: 36) + "2003a0860100\"",
        coinbase2: String = "\"ffffffff0100f2052a010000000000000000\"",
        branches: String = "[]",
        version: String = "\"20000000\"",
        nbits: String = "\"1705ae3a\"",
        ntime: String = "\"6553f100\"",
        clean: String = "true"
    ) -> String {
        let params = [id, previousHash, coinbase1, coinbase2, branches, version, nbits, ntime, clean]
        return #"{"id":null,"method":"mining.notify","params":[\#(params.joined(separator: ","))]}"#
    }
}

/// A pool that follows a script, on a real socket. It answers every request and judges nothing.
final class RawPool: Sendable {
    let name: String
    let port: Int
    private let channel: any Channel

    private init(name: String, port: Int, channel: any Channel) {
        self.name = name
        self.port = port
        self.channel = channel
    }

    static func start(_ name: String, _ script: RawPoolScript) async throws -> RawPool {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RawPoolHandler(script))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        return RawPool(name: name, port: channel.localAddress?.port ?? 0, channel: channel)
    }

    func stop() async throws {
        try await self.channel.close()
    }
}

private final class RawPoolHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let script: RawPoolScript
    private var rest = ""

    init(_ script: RawPoolScript) {
        self.script = script
    }

    func channelActive(context: ChannelHandlerContext) {
        guard !self.script.greeting.isEmpty else { return }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: self.script.greeting)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.rest += String(buffer: self.unwrapInboundIn(data))
        var lines = self.rest.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        self.rest = lines.popLast() ?? ""
        for line in lines {
            let answers = self.answers(to: line).joined(separator: "\n") + "\n"
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: answers)), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answers(to line: String) -> [String] {
        let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        guard let object, let id = object["id"] as? Int, let method = object["method"] as? String else { return [] }
        switch method {
        case "mining.configure":
            return [#"{"id":\#(id),"result":{"version-rolling":false},"error":null}"#]
        case "mining.subscribe":
            return [#"{"id":\#(id),"result":\#(self.script.subscription),"error":null}"#]
        case "mining.authorize":
            return [
                #"{"id":\#(id),"result":true,"error":null}"#,
                #"{"id":null,"method":"mining.set_difficulty","params":[\#(self.script.difficulty)]}"#,
                self.script.notify,
            ] + self.script.afterJob
        default:
            return [#"{"id":\#(id),\#(self.script.verdict)}"#]
        }
    }
}

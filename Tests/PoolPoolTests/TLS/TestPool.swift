import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Router
import Stratum

@testable import PoolPool

/// Files of the folder `Certificates`.
enum TestCertificate: String, Sendable {
    case authority
    case server
    case expired
    case future
    case otherName = "other-name"
    case commonName = "common-name"
    case selfSigned = "self-signed"
    case serverKey = "server-key"
    case selfSignedKey = "self-signed-key"
    case encryptedKey = "encrypted-key"

    var path: String { Self.folder.appendingPathComponent("\(self.rawValue).pem").path }

    /// A listener with this certificate and its key.
    var listener: ListenerConfiguration.TLS {
        let key: TestCertificate = self == .selfSigned ? .selfSignedKey : .serverKey
        return ListenerConfiguration.TLS(certificate: self.path, key: key.path)
    }

    static let folder = Bundle.module.bundleURL.appendingPathComponent("Certificates")
}

/// A pool on 127.0.0.1 and a port of the system's choice.
final class TestPool: Sendable {
    enum Role: Sendable {
        /// Answers `mining.subscribe` with extranonce1 `f000000f`.
        case subscribes
        /// The same, before it was asked.
        case subscribesUnasked
        /// Answers whatever it gets with this text.
        case replies(String)
        /// Takes bytes and says nothing.
        case isSilent
        /// Closes TCP on the first bytes, without a word of TLS.
        case hangsUp
        /// Has a job for everybody and takes every share.
        case mines
        /// Ends its own direction on the first bytes, and keeps listening.
        case closesOutput
    }

    static let subscription = #"{"id":1,"result":[[["mining.notify","s1"]],"f000000f",4],"error":null}"# + "\n"

    static let job =
        #"{"id":null,"method":"mining.notify","params":["j1","\#(String(repeating: "0", count: 64))","01","02",[],"#
        + #""20000000","1d00ffff","681d6dee",true]}"# + "\n"

    let port: Int
    private let channel: any Channel

    /// TLS with `certificate`; nil: plain TCP.
    init(_ role: Role = .subscribes, certificate: TestCertificate? = nil) async throws {
        let context = try certificate.map { try ListenerTLS.context(for: $0.listener, now: .distantPast) }
        self.channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(BelowTLS())
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.addHandler(RoleHandler(role))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.port = self.channel.localAddress?.port ?? 0
    }

    func close() async throws {
        try await self.channel.close()
    }

    /// The endpoint of this pool under one of its host names.
    func endpoint(_ transport: PoolEndpoint.Transport, host: String = "127.0.0.1") -> PoolEndpoint {
        PoolEndpoint(transport: transport, host: host, port: self.port)
    }

    /// An address on which nothing listens.
    static func closedPort() async throws -> Int {
        let pool = try await TestPool()
        try await pool.close()
        return pool.port
    }
}

private struct HangUp: Sendable {}

/// Closes TCP past the TLS handler.
private final class BelowTLS: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        if event is HangUp {
            context.close(promise: promise)
        } else {
            context.triggerUserOutboundEvent(event, promise: promise)
        }
    }
}

private final class RoleHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let role: TestPool.Role

    init(_ role: TestPool.Role) {
        self.role = role
    }

    func channelActive(context: ChannelHandlerContext) {
        if case .subscribesUnasked = self.role { self.write(TestPool.subscription, context: context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let line = String(buffer: self.unwrapInboundIn(data))
        switch self.role {
        case .subscribes where line.contains("mining.subscribe"):
            self.write(TestPool.subscription, context: context)
        case .mines:
            for line in line.split(separator: "\n") { self.write(Self.answer(to: String(line)), context: context) }
        case .replies(let text):
            self.write(text, context: context)
        case .hangsUp:
            context.triggerUserOutboundEvent(HangUp(), promise: nil)
        case .closesOutput:
            context.close(mode: .output, promise: nil)
        case .subscribes, .subscribesUnasked, .isSilent:
            break
        }
    }

    private static func answer(to line: String) -> String {
        if line.contains("mining.subscribe") { return TestPool.subscription }
        let id = (try? JSONValue(parsing: ByteBuffer(string: line)))?.object?["id"]?.integer ?? 0
        let taken = #"{"id":\#(id),"result":true,"error":null}"# + "\n"
        return line.contains("mining.authorize") ? taken + TestPool.job : taken
    }

    /// Refused handshakes are the business of the client's test.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func write(_ text: String, context: ChannelHandlerContext) {
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}

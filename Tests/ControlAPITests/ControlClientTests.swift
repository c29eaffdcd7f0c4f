import Foundation
import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import ControlAPI

@Suite struct ControlClientTests {
    /// Answers every connection with fixed bytes, or not at all, and closes it if told so.
    private final class FixedReplyHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        let reply: String
        let closes: Bool

        init(reply: String, closes: Bool) {
            self.reply = reply
            self.closes = closes
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let (channel, closes) = (context.channel, self.closes)
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: self.reply))).whenComplete { _ in
                if closes { channel.close(promise: nil) }
            }
        }
    }

    private func failure(
        reply: String,
        closes: Bool = false,
        timeout: Duration = .seconds(5)
    ) async throws -> (error: ControlClientError?, path: String) {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(FixedReplyHandler(reply: reply, closes: closes))
                    }
                }
                .bind(unixDomainSocketPath: path).get()
            let client = ControlClient(socketPath: path, timeout: timeout)
            let error = await #expect(throws: ControlClientError.self) { try await client.status() }
            try await listener.close()
            return (error, path)
        }
    }

    @Test func missingSocketMeansNotRunning() async throws {
        try await withTemporaryFolder { folder in
            let client = ControlClient(socketPath: folder + "/s")
            let error = await #expect(throws: ControlClientError.self) { try await client.status() }
            #expect(error == .notRunning(path: folder + "/s"))
            #expect(error?.description == "the router is not running (no one listens on \(folder)/s)")
        }
    }

    @Test func staleSocketMeansNotRunning() async throws {
        try await withTemporaryFolder { folder in
            let (_, descriptor) = try UnixSocketFile.bind(path: folder + "/s")
            close(descriptor)
            await #expect(throws: ControlClientError.notRunning(path: folder + "/s")) {
                try await ControlClient(socketPath: folder + "/s").status()
            }
        }
    }

    @Test(arguments: [
        (EACCES, ControlClientError.noPermission(path: "/s")),
        (EPERM, .noPermission(path: "/s")),
        (ENOENT, .notRunning(path: "/s")),
        (ECONNREFUSED, .notRunning(path: "/s")),
    ])
    func systemErrorIsTranslated(code: CInt, error: ControlClientError) {
        let client = ControlClient(socketPath: "/s")
        #expect(client.translated(IOError(errnoCode: code, reason: "connect")) == error)
    }

    @Test func pathThatIsTooLongIsAnError() async {
        let path = "/" + String(repeating: "x", count: 200)
        let error = await #expect(throws: ControlClientError.self) {
            try await ControlClient(socketPath: path).status()
        }
        #expect(error?.description.contains("too long") == true)
    }

    @Test func routerThatIsSilentTimesOut() async throws {
        let (error, path) = try await self.failure(reply: "", timeout: .milliseconds(20))
        #expect(error == .timedOut(path: path))
    }

    @Test func connectionThatClosesIsAnError() async throws {
        let (error, path) = try await self.failure(reply: "{", closes: true)
        #expect(error == .broken(path: path, reason: "it closed the connection"))
    }

    @Test(arguments: ["hello", "{}", #"{"ok":true}"#, #"{"ok":true,"result":7}"#, #"{"ok":false}"#, "\u{0}"])
    func nonsenseIsAnError(reply: String) async throws {
        let (error, _) = try await self.failure(reply: reply + "\n")
        guard case .broken = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func refusalOfANewerRouterIsPassedOn() async throws {
        let (error, _) = try await self.failure(
            reply: #"{"ok":false,"error":{"code":"moon_phase","message":"not tonight"}}"# + "\n"
        )
        #expect(error == .refused(ControlError(code: .init(rawValue: "moon_phase"), message: "not tonight")))
    }
}

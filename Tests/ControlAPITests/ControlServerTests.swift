import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Testing

@testable import ControlAPI

@Suite struct ControlServerTests {
    @Test func clientGetsWhatTheRouterSays() async throws {
        let target = FakeTarget()
        try await RunningServer.with(target: target) { server in
            let status = try await server.client.status()
            #expect(status == .sample)
            #expect(try await server.client.pools(route: "btc") == [.primary, .backup])
            #expect(try await server.client.workers(route: nil) == [.sample])
            #expect(try await server.client.sessions(route: nil) == [.sample])
            #expect(try await server.client.explain(worker: "farm.rig1", route: "btc") == [.sample])
            let drained = try await server.client.setPool("primary", .drain, within: .milliseconds(2500))
            #expect(drained == ControlDone(message: "primary: drain"))
            #expect(try await server.client.kick(session: 17) == ControlDone(message: "session 17 is closed"))
            let refusal = ControlError(code: .notFound, message: "there is no session 1")
            await #expect(throws: ControlClientError.refused(refusal)) { try await server.client.kick(session: 1) }
            #expect(target.commands == ["drain primary within 2.5 seconds", "kick 17", "kick 1"])
        }
    }

    @Test func hugeListArrivesWhole() async throws {
        let sessions = (Int64(0)..<20_000).map { index in
            var session = SessionReport.sample
            session.id = index
            return session
        }
        try await RunningServer.with(target: FakeTarget(sessions: sessions)) { server in
            let received = try await server.client.sessions(route: nil)
            #expect(received == sessions)
        }
    }

    @Test func requestsOfOneConnectionAreAnsweredInOrder() async throws {
        try await RunningServer.with { server in
            let replies = try await RawConnection.with(server.socketAddress()) { connection in
                try await connection.send((0..<200).map { "{\"command\":\"session_kick\",\"id\":\($0)}\n" }.joined())
                return try await connection.lines(200)
            }
            #expect(replies.count == 200)
            for (index, reply) in replies.enumerated() {
                #expect(reply.contains("session \(index)"))
            }
        }
    }

    @Test func requestMayComeInPieces() async throws {
        try await RunningServer.with { server in
            let replies = try await RawConnection.with(server.socketAddress()) { connection in
                for byte in Array("\r\n \n{\"command\":\"session_kick\",\"id\":17}\r\n".utf8) {
                    try await connection.send([byte])
                }
                return try await connection.lines(1)
            }
            #expect(replies == [#"{"ok":true,"result":{"message":"session 17 is closed"}}"#])
        }
    }

    @Test func clientThatHasFinishedSendingIsStillAnswered() async throws {
        try await RunningServer.with { server in
            let replies = try await RawConnection.with(server.socketAddress()) { connection in
                try await connection.send("{\"command\":\"session_kick\",\"id\":17}\n{\"command\":\"x\"}\n{\"half")
                connection.finish()
                return try await connection.rest().split(separator: "\n").map(String.init)
            }
            #expect(replies.count == 2)
            #expect(replies.first?.hasPrefix(#"{"ok":true"#) == true)
            #expect(replies.last?.contains("unknown_command") == true)
        }
    }

    @Test func garbageIsAnsweredAndTheConnectionKept() async throws {
        try await RunningServer.with { server in
            let replies = try await RawConnection.with(server.socketAddress()) { connection in
                try await connection.send([0, 255, 10, 0x7b, 10, 0xc3, 0x28, 10])
                try await connection.send("{\"command\":\"session_kick\",\"id\":17}\n")
                return try await connection.lines(4)
            }
            #expect(replies.map { $0.contains("bad_request") } == [true, true, true, false])
        }
    }

    @Test(arguments: [true, false])
    func lineThatIsTooLongIsAnsweredAndTheConnectionClosed(ends: Bool) async throws {
        try await RunningServer.with { server in
            let reply = try await RawConnection.with(server.socketAddress()) { connection in
                let excess = ControlConnectionHandler.maximumLineLength + 1
                try await connection.send(String(repeating: "x", count: excess) + (ends ? "\n" : ""))
                return try await connection.rest()
            }
            #expect(reply.contains("too_long"))
            #expect(try await server.client.status() == .sample)
        }
    }

    @Test func longestLineIsRead() async throws {
        try await RunningServer.with { server in
            let request = #"{"command":"session_kick","id":17}"#
            let padding = String(repeating: " ", count: ControlConnectionHandler.maximumLineLength - request.utf8.count)
            let replies = try await RawConnection.with(server.socketAddress()) { connection in
                try await connection.send(padding + request + "\n")
                return try await connection.lines(1)
            }
            #expect(replies == [#"{"ok":true,"result":{"message":"session 17 is closed"}}"#])
        }
    }

    @Test func connectionTooManyIsToldSoAndARoomThatIsFreeIsUsed() async throws {
        try await RunningServer.with(maximumConnections: 2) { server in
            let address = try server.socketAddress()
            try await RawConnection.with(address) { first in
                try await first.send("{\"command\":\"status\"}\n")
                #expect(try await first.lines(1).count == 1)
                try await RawConnection.with(address) { second in
                    try await second.send("{\"command\":\"status\"}\n")
                    #expect(try await second.lines(1).count == 1)
                    let third = try await RawConnection.with(address) { try await $0.rest() }
                    #expect(third.contains("too_many_connections"))
                    second.finish()
                    #expect(try await second.rest() == "")
                }
            }
            // Both have ended, and the server saw at least the second one's end before it closed it.
            #expect(try await server.client.status() == .sample)
        }
    }

    @Test func idleConnectionIsClosed() async throws {
        try await RunningServer.with(idleTimeout: .milliseconds(20)) { server in
            let rest = try await RawConnection.with(server.socketAddress()) { connection in
                // On a busy machine it may be closed by then.
                try? await connection.send("{\"command\":")
                return try await connection.rest()
            }
            #expect(rest == "")
        }
    }

    @Test func mutatedConversationsLeaveTheServerAlive() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let inputs = (0..<100).map { _ in
            generator.mutated(Array("{\"command\":\"pools\"}\n{\"command\":\"session_kick\",\"id\":17}\n".utf8))
        }
        try await RunningServer.with { server in
            for input in inputs {
                _ = try await RawConnection.with(server.socketAddress()) { connection in
                    try await connection.send(input)
                    connection.finish()
                    return try await connection.rest()
                }
            }
            #expect(try await server.client.status() == .sample, "seed \(seed)")
        }
    }

    private func server(socket: String, httpPort: Int? = nil) -> ControlServer {
        ControlServer(
            configuration: ControlServer.Configuration(
                socketPath: socket,
                http: httpPort.map { ControlServer.Configuration.HTTP(host: "127.0.0.1", port: $0) }
            ),
            target: FakeTarget(),
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test func secondServerIsRefusedAndTheFirstLivesOn() async throws {
        try await RunningServer.with { server in
            let second = self.server(socket: server.socket)
            await #expect(throws: ControlServerError.inUse(server.socket)) { try await second.bind() }
            let status = try await server.client.status()
            #expect(status == .sample)
        }
    }

    @Test func addressInUseLeavesNoSocketBehind() async throws {
        try await RunningServer.with(http: true) { first in
            try await withTemporaryFolder { folder in
                let second = self.server(socket: folder + "/s", httpPort: first.http?.port)
                let error = await #expect(throws: ControlServerError.self) { try await second.bind() }
                #expect(error?.description.contains("control.http.address") == true)
                #expect(!FileManager.default.fileExists(atPath: folder + "/s"))
            }
        }
    }

    @Test func boundServerThatNeverRanLeavesNothingBehind() async throws {
        try await withTemporaryFolder { folder in
            let server = self.server(socket: folder + "/s")
            try await server.bind()
            #expect(FileManager.default.fileExists(atPath: folder + "/s"))
            await server.close()
            await server.close()
            #expect(!FileManager.default.fileExists(atPath: folder + "/s"))
        }
    }

    @Test func requestBeforeTheRunIsAnsweredByIt() async throws {
        try await withTemporaryFolder { folder in
            let server = self.server(socket: folder + "/s")
            try await server.bind()
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await RawConnection.with(SocketAddress(unixDomainSocketPath: folder + "/s")) { connection in
                    try await connection.send("{\"command\":\"session_kick\",\"id\":17}\n")
                    group.addTask { try await server.run() }
                    #expect(try await connection.lines(1).count == 1)
                }
                group.cancelAll()
            }
        }
    }

    @Test func gracefulShutdownClosesConnectionsAndRemovesTheSocket() async throws {
        try await withTemporaryFolder { folder in
            let server = self.server(socket: folder + "/s")
            try await server.bind()
            let services = ServiceGroup(
                services: [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await services.run() }
                try await RawConnection.with(SocketAddress(unixDomainSocketPath: folder + "/s")) { connection in
                    try await connection.send("{\"command\":\"status\"}\n")
                    #expect(try await connection.lines(1).count == 1)
                    await services.triggerGracefulShutdown()
                    #expect(try await connection.rest() == "")
                }
                try await group.waitForAll()
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/s"))
        }
    }
}

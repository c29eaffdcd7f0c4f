import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import ControlAPI

@Suite struct HTTPTests {
    private func answer(
        _ uri: String,
        method: HTTPMethod = .GET,
        target: FakeTarget = FakeTarget()
    ) async -> (status: UInt, body: String) {
        let responder = HTTPResponder(responder: ControlResponder(target: target))
        let answer = await responder.answer(method: method, uri: uri)
        return (answer.status.code, String(decoding: answer.body, as: UTF8.self))
    }

    @Test(
        arguments: [
            ("/healthz", 200), ("/status", 200), ("/pools", 200), ("/workers", 200), ("/sessions", 200),
            ("/metrics", 200), ("/explain?worker=farm.rig1", 200), ("/explain?route=btc&worker=farm%2Erig1", 200),
            ("/explain?worker=farm.rig2", 404), ("/explain?worker=farm.rig1&route=ltc", 404), ("/explain", 400),
            ("/explain?worker=%ff", 404), ("/explain?worker", 404),
            ("/pools?route=btc", 200), ("/pools?route=ltc", 404), ("/pools?route=%00%ff", 404), ("/", 404), ("", 404),
            ("/status/", 404), ("/../etc/passwd", 404), ("*", 404), ("/Status", 404), ("http://[", 400),
        ] as [(String, UInt)])
    func pathHasItsStatus(uri: String, status: UInt) async {
        #expect(await self.answer(uri).status == status)
    }

    @Test(arguments: [HTTPMethod.POST, .HEAD, .PUT, .DELETE, .OPTIONS, .RAW(value: "BREW")])
    func onlyGetIsAllowed(method: HTTPMethod) async {
        #expect(await self.answer("/status", method: method).status == 405)
    }

    @Test func listsAreTheReports() async throws {
        let body = await self.answer("/pools?route=btc").body
        #expect(try ControlCoding.decode([PoolReport].self, from: Data(body.utf8)) == [.primary, .backup])
        let explanations = await self.answer("/explain?worker=farm.rig1").body
        #expect(try ControlCoding.decode([ExplanationReport].self, from: Data(explanations.utf8)) == [.sample])
        let status = await self.answer("/status").body
        #expect(try ControlCoding.decode(StatusReport.self, from: Data(status.utf8)) == .sample)
    }

    @Test func routerWithoutUsablePoolIsUnhealthy() async {
        var status = StatusReport.sample
        status.routes[0].poolsUsable = 0
        let answer = await self.answer("/healthz", target: FakeTarget(status: status))
        #expect(answer == (503, "no route has a usable pool\n"))
        status.routes.append(RouteReport(name: "ltc", poolsUsable: 1))
        #expect(await self.answer("/healthz", target: FakeTarget(status: status)) == (200, "ok\n"))
    }

    @Test func routerThatCannotWriteItsLedgerIsUnhealthy() async {
        var status = StatusReport.sample
        status.ledger.state = .degraded
        status.ledger.lastError = "disk full"
        let answer = await self.answer("/healthz", target: FakeTarget(status: status))
        #expect(answer == (503, "the ledger is degraded: disk full\n"))
    }

    // MARK: Over a socket

    private func exchange(_ server: RunningServer, _ request: [UInt8]) async throws -> String {
        let address = try #require(server.http)
        return try await RawConnection.with(address) { connection in
            try await connection.send(request)
            return try await connection.rest()
        }
    }

    @Test(arguments: [
        ("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK"),
        ("GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK"),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /status HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK"),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n\u{0}\u{0}\u{0}", "HTTP/1.1 200 OK"),
        ("POST /status HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405 Method Not Allowed"),
        ("GET /nothing HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found"),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "HTTP/1.1 400 Bad Request"),
        ("{\"command\":\"status\"}\n", "HTTP/1.1 400 Bad Request"),
        ("GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        (
            "GET /status HTTP/1.1\r\nX: " + String(repeating: "x", count: 17_000),
            "HTTP/1.1 431 Request Header Fields Too Large"
        ),
        (
            "GET /status HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 3000) + "\r\n",
            "HTTP/1.1 4"
        ),
        (
            "POST /status HTTP/1.1\r\nContent-Length: 99999\r\n\r\n" + String(repeating: "x", count: 20_000),
            "HTTP/1.1 431 Request Header Fields Too Large"
        ),
    ])
    func everyRequestIsAnsweredOnceAndTheConnectionCloses(request: String, status: String) async throws {
        try await RunningServer.with(http: true) { server in
            let reply = try await self.exchange(server, Array(request.utf8))
            #expect(reply.hasPrefix(status))
            #expect(reply.components(separatedBy: "HTTP/1.1 ").count == 2)
            #expect(reply.contains("Connection: close\r\n") || reply.contains("connection: close\r\n"))
        }
    }

    @Test func connectionTooManyIsTurnedAway() async throws {
        try await RunningServer.with(http: true, maximumConnections: 1) { server in
            let address = try #require(server.http)
            try await RawConnection.with(address) { first in
                // An answer that the first is known to the server: it continues a request bit by bit.
                try await first.send("GET /healthz HTTP/1.1\r\n")
                let second = try await RawConnection.with(address) { try await $0.rest() }
                #expect(second == HTTPConnectionHandler.refusal)
                try await first.send("\r\n")
                #expect(try await first.rest().hasPrefix("HTTP/1.1 200 OK"))
            }
        }
    }

    @Test func idleConnectionIsClosed() async throws {
        try await RunningServer.with(http: true, idleTimeout: .milliseconds(20)) { server in
            let reply = try await self.exchange(server, Array("GET /status".utf8))
            #expect(reply == "")
        }
    }

    @Test func mutatedRequestsLeaveTheServerAlive() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let inputs = (0..<200).map { _ in
            generator.mutated(Array("GET /pools?route=btc HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".utf8))
        }
        try await RunningServer.with(http: true) { server in
            let address = try #require(server.http)
            for input in inputs {
                _ = try await RawConnection.with(address) { connection in
                    try await connection.send(input)
                    connection.finish()
                    return try await connection.rest()
                }
            }
            #expect(try await self.exchange(server, Array("GET /healthz HTTP/1.1\r\n\r\n".utf8)).hasSuffix("ok\n"))
            #expect(try await server.client.status() == .sample, "seed \(seed)")
        }
    }
}

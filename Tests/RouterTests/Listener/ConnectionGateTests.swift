import Logging
import NIOCore
import Testing

@testable import Router

@Suite struct ConnectionGateTests {
    private static func address(_ host: String) throws -> SocketAddress {
        try SocketAddress(ipAddress: host, port: 5000)
    }

    private static func gate(total: Int, perAddress: Int) -> ConnectionGate {
        ConnectionGate(
            limits: LimitConfiguration(connectionsPerAddress: perAddress, connections: total),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    @Test func eachAddressHasItsLimit() throws {
        let gate = Self.gate(total: 10, perAddress: 2)
        let greedy = try Self.address("192.0.2.1")
        let other = try Self.address("192.0.2.2")
        #expect(gate.admit(greedy))
        #expect(gate.admit(greedy))
        #expect(!gate.admit(greedy))
        #expect(gate.admit(other))
        gate.leave("192.0.2.1")
        #expect(gate.admit(greedy))
        #expect(gate.refused == 1)
    }

    @Test func theRouteHasItsLimit() throws {
        let gate = Self.gate(total: 3, perAddress: 10)
        for host in 1...3 { #expect(gate.admit(try Self.address("192.0.2.\(host)"))) }
        #expect(!gate.admit(try Self.address("192.0.2.9")))
        gate.leave("192.0.2.1")
        #expect(gate.admit(try Self.address("192.0.2.9")))
    }

    @Test func aClosedGateLetsNobodyIn() throws {
        let gate = Self.gate(total: 3, perAddress: 3)
        gate.close()
        #expect(!gate.admit(try Self.address("192.0.2.1")))
        #expect(!gate.admit(nil))
    }
}

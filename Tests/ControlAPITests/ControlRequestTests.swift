import Foundation
import Testing

@testable import ControlAPI

@Suite struct ControlRequestTests {
    @Test(arguments: [
        (#"{"command":"status"}"#, ControlRequest.status),
        (#" { "command" : "status" } "#, .status),
        (#"{"command":"pools"}"#, .pools(route: nil)),
        (#"{"command":"pools","route":null}"#, .pools(route: nil)),
        (#"{"command":"pools","route":"btc"}"#, .pools(route: "btc")),
        (#"{"command":"workers","route":"btc"}"#, .workers(route: "btc")),
        (#"{"route":"btc","command":"sessions"}"#, .sessions(route: "btc")),
        (#"{"command":"pool_drain","name":"primary"}"#, .setPool(name: "primary", action: .drain)),
        (#"{"command":"pool_enable","name":"é"}"#, .setPool(name: "é", action: .enable)),
        (#"{"command":"pool_disable","name":""}"#, .setPool(name: "", action: .disable)),
        (#"{"command":"session_kick","id":17}"#, .kick(session: 17)),
        (#"{"command":"session_kick","id":9223372036854775807}"#, .kick(session: .max)),
    ])
    func isReadFromItsLine(line: String, request: ControlRequest) throws {
        #expect(try ControlRequest(line: Data(line.utf8)) == request)
        #expect(try ControlRequest(line: request.line()) == request)
    }

    @Test(arguments: [
        ("", ControlError.Code.badRequest),
        ("status", .badRequest),
        ("[]", .badRequest),
        ("{}", .badRequest),
        (#"{"command":7}"#, .badRequest),
        (#"{"command":"status""#, .badRequest),
        (#"{"command":"status"}{"command":"status"}"#, .badRequest),
        (#"{"command":"status","route":"btc"}"#, .badRequest),
        (#"{"command":"pools","rout":"btc"}"#, .badRequest),
        (#"{"command":"pools","route":["btc"]}"#, .badRequest),
        (#"{"command":"pool_drain"}"#, .badRequest),
        (#"{"command":"session_kick"}"#, .badRequest),
        (#"{"command":"session_kick","id":"17"}"#, .badRequest),
        (#"{"command":"session_kick","id":1.5}"#, .badRequest),
        (#"{"command":"session_kick","id":9223372036854775808}"#, .badRequest),
        (#"{"command":"session_kick","id":1e999}"#, .badRequest),
        (#"{"command":"reboot"}"#, .unknownCommand),
        (String(repeating: "[", count: 60_000), .badRequest),
        (#"{"a":"# + String(repeating: #"{"a":"#, count: 10_000), .badRequest),
        ("{\"command\":\"\u{0}\"}", .badRequest),
    ])
    func mistakeIsNamed(line: String, code: ControlError.Code) {
        #expect(throws: ControlError.self) { try ControlRequest(line: Data(line.utf8)) }
        do {
            _ = try ControlRequest(line: Data(line.utf8))
        } catch {
            #expect(error.code == code)
        }
    }

    @Test func unknownCommandListsTheKnownOnes() {
        let error = #expect(throws: ControlError.self) { try ControlRequest(line: Data(#"{"command":"reboot"}"#.utf8)) }
        for command in ControlRequest.commands {
            #expect(error?.message.contains(command) == true)
        }
    }

    @Test func mutatedLinesNeverTrap() async {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let responder = ControlResponder(target: FakeTarget())
        let lines = [
            #"{"command":"pools","route":"btc"}"#, #"{"command":"pool_drain","name":"primary"}"#,
            #"{"command":"session_kick","id":17}"#,
        ].map { Array($0.utf8) }
        for round in 0..<3000 {
            let line = generator.mutated(lines[round % lines.count])
            let reply = await responder.reply(to: Data(line))
            #expect(reply.starts(with: Data(#"{""#.utf8)) && !reply.contains(UInt8(ascii: "\n")), "seed \(seed)")
        }
    }
}

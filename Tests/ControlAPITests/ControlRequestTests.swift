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
        (#"{"command":"explain","worker":"farm.rig1"}"#, .explain(worker: "farm.rig1", route: nil)),
        (#"{"command":"explain","worker":"","route":"btc"}"#, .explain(worker: "", route: "btc")),
        (
            #"{"command":"pool_drain","name":"primary"}"#,
            .setPool(name: "primary", action: .drain, within: .seconds(30))
        ),
        (
            #"{"command":"pool_drain","name":"primary","within_seconds":null}"#,
            .setPool(name: "primary", action: .drain, within: .seconds(30))
        ),
        (
            #"{"command":"pool_drain","name":"primary","within_seconds":0}"#,
            .setPool(name: "primary", action: .drain, within: .zero)
        ),
        (
            #"{"command":"pool_drain","name":"primary","within_seconds":2.5}"#,
            .setPool(name: "primary", action: .drain, within: .milliseconds(2500))
        ),
        (
            #"{"command":"pool_drain","name":"primary","within_seconds":86400}"#,
            .setPool(name: "primary", action: .drain, within: .seconds(86_400))
        ),
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
        (#"{"command":"pool_drain","name":"a","within_seconds":-1}"#, .badRequest),
        (#"{"command":"pool_drain","name":"a","within_seconds":-1e-9}"#, .badRequest),
        (#"{"command":"pool_drain","name":"a","within_seconds":86400.5}"#, .badRequest),
        (#"{"command":"pool_drain","name":"a","within_seconds":9223372036854775807}"#, .badRequest),
        (#"{"command":"pool_drain","name":"a","within_seconds":1e300}"#, .badRequest),
        (#"{"command":"pool_drain","name":"a","within_seconds":1e999}"#, .badRequest),
        (#"{"command":"pool_drain","name":"a","within_seconds":"60"}"#, .badRequest),
        (#"{"command":"pool_drain","name":"a","within_seconds":"60s"}"#, .badRequest),
        (#"{"command":"pool_drain","name":"a","within_seconds":true}"#, .badRequest),
        (#"{"command":"pool_drain","name":"a","within_seconds":[60]}"#, .badRequest),
        (#"{"command":"pool_drain","name":"a","within":60}"#, .badRequest),
        (#"{"command":"pool_enable","name":"a","within_seconds":60}"#, .badRequest),
        (#"{"command":"pool_disable","name":"a","within_seconds":60}"#, .badRequest),
        (#"{"command":"pools","route":1.5}"#, .badRequest),
        (#"{"command":"explain"}"#, .badRequest),
        (#"{"command":"explain","worker":null}"#, .badRequest),
        (#"{"command":"explain","worker":17}"#, .badRequest),
        (#"{"command":"explain","worker":["a"]}"#, .badRequest),
        (#"{"command":"explain","worker":"a","route":1}"#, .badRequest),
        (#"{"command":"explain","worker":"a","name":"b"}"#, .badRequest),
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
            #"{"command":"session_kick","id":17}"#, #"{"command":"explain","worker":"farm.rig1"}"#,
            #"{"command":"pool_drain","name":"primary","within_seconds":2.5}"#,
        ].map { Array($0.utf8) }
        for round in 0..<3000 {
            let line = generator.mutated(lines[round % lines.count])
            let reply = await responder.reply(to: Data(line))
            #expect(reply.starts(with: Data(#"{""#.utf8)) && !reply.contains(UInt8(ascii: "\n")), "seed \(seed)")
        }
    }
}

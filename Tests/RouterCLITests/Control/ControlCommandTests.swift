import ArgumentParser
import Testing

@testable import RouterCLI

@Suite struct ControlCommandTests {
    @Test(
        arguments: [
            ([], nil), (["--within", "60s"], .seconds(60)), (["--within", "5m"], .seconds(300)),
            (["--within", "0s"], .zero), (["--within", "1d"], .seconds(86_400)),
            (["--within", "1m30s", "--socket", "s"], .seconds(90)),
        ] as [([String], Duration?)])
    func drainTakesItsTime(arguments: [String], time: Duration?) throws {
        let drain = try PoolCommand.Drain.parse(["primary"] + arguments)
        #expect(drain.pool.name == "primary")
        #expect(drain.within == time)
    }

    @Test(arguments: [
        ["primary", "--within", "60"], ["primary", "--within", "soon"], ["primary", "--within", "-5s"],
        ["primary", "--within", "1d1s"], ["primary", "--within", "2026-01-31"], ["primary", "--within", "now"],
        ["primary", "--within"], ["primary", "--within", "99999999999999w"], [],
    ])
    func drainRefusesNonsense(arguments: [String]) {
        #expect { try PoolCommand.Drain.parse(arguments) } throws: { error in
            PoolCommand.Drain.exitCode(for: error) == ExitStatus.usage
        }
    }

    @Test func explainTakesAWorker() throws {
        let explain = try ExplainCommand.parse(["farm.rig3", "--route", "btc", "--format", "json", "--socket", "s"])
        #expect(explain.worker == "farm.rig3")
        #expect(explain.route.route == "btc")
        #expect(explain.output.format == .json)
        #expect(explain.control.socket == "s")
        #expect(try ExplainCommand.parse(["farm.rig3"]).output.format == .table)
    }

    @Test(arguments: [[], ["a", "b"], ["a", "--format", "csv"], ["a", "--socket", "s", "--config", "c"]])
    func explainRefusesNonsense(arguments: [String]) {
        #expect { try ExplainCommand.parse(arguments) } throws: { error in
            ExplainCommand.exitCode(for: error) == ExitStatus.usage
        }
    }

    @Test func routerThatIsNotRunningIsUnavailable() async throws {
        let socket = ["--socket", "/nowhere/control.sock"]
        let explain = try ExplainCommand.parse(["farm.rig3"] + socket)
        await #expect(throws: ExitStatus.unavailable) { try await explain.run() }
        let drain = try PoolCommand.Drain.parse(["primary", "--within", "60s"] + socket)
        await #expect(throws: ExitStatus.unavailable) { try await drain.run() }
    }
}

import ArgumentParser
import Foundation
import Simulation
import Stratum
import Testing

@testable import RouterCLI

@Suite struct DemoCommandTests {
    @Test func speaksBitcoinUnlessAskedOtherwise() throws {
        #expect(try DemoCommand.parse([]).spoken == .bitcoin)
        for spoken in DemoProtocol.allCases {
            #expect(try DemoCommand.parse(["--protocol", spoken.rawValue]).spoken == spoken)
        }
    }

    @Test func unknownProtocolIsToldTheOthers() {
        let error = #expect(throws: (any Error).self) { try DemoCommand.parse(["--protocol", "kawpow"]) }
        guard let error else { return }
        #expect(DemoCommand.exitCode(for: error) == ExitStatus.usage)
        let message = DemoCommand.message(for: error)
        for spoken in DemoProtocol.allCases { #expect(message.contains("'\(spoken.rawValue)'"), "\(message)") }
    }

    /// Every protocol that comes with the router can be seen, under the name that routes have for it.
    @Test func namesAreThoseOfRoutes() throws {
        #expect(DemoProtocol.allCases.map(\.rawValue) == RouterProgram.dialects.names)
        for spoken in DemoProtocol.allCases { #expect(try spoken.dialect.name == spoken.rawValue) }
    }

    /// Whatever there are: a share takes each of them some seconds, and all together are no faster than a dozen.
    @Test(arguments: DemoProtocol.allCases, [1, 12, 200])
    func sharesTakeSomeSeconds(spoken: DemoProtocol, count: Int) throws {
        let speed = min(1, 12 / Double(count))
        let miners = spoken.miners(count, port: 1, speed: speed)
        #expect(miners.count == count)
        #expect(miners.reduce(0) { $0 + $1.hashesPerSecond } <= 12 * spoken.topHashrate)
        for pool in [spoken.primary(speed: speed), spoken.backup(speed: speed)] {
            #expect(pool.protocol == spoken.simulated)
            let hashes = pool.difficulty * spoken.simulated.hashesPerDifficulty
            for miner in miners {
                let seconds = hashes / (miner.hashesPerSecond * spoken.hashesPerTry)
                // Some of many miners would solve less than a header for a share.
                let longest = hashes <= 2 ? 20.0 : 5
                #expect((0.5...longest).contains(seconds), "\(pool.name), \(miner.user): \(seconds) s")
            }
            #expect(hashes >= 2)
            let minimum = try spoken.minimumDifficulty(speed: speed) * spoken.dialect.dialect.hashesPerDifficulty
            #expect((0.999...hashes / 2).contains(minimum))
        }
    }

    @Test func movesAreCounted() {
        let quiet = DemoSummary.moves([("demo.1", 1), ("demo.2", 1)], .bitcoin)
        #expect(quiet.hasPrefix("changes of pool: 2 of 2 miners never noticed, none reconnected\nbitcoin: "))
        let some = DemoSummary.moves([("demo.1", 1), ("demo.2", 3), ("demo.3", 2), ("demo.4", 0)], .equihash)
        #expect(
            some.hasPrefix(
                "changes of pool: 2 of 4 miners never noticed, 2 reconnected, 3 times in all (demo.2, demo.3)\n"
                    + "equihash: nonces begin with the pool's NONCE_1"
            )
        )
        let many = DemoSummary.moves((1...8).map { ("demo.\($0)", 2) }, .ethash)
        #expect(many.contains("0 of 8 miners never noticed, 8 reconnected, 8 times in all (demo.1, demo.2,"))
        #expect(many.contains("demo.6, …)"))
    }
}

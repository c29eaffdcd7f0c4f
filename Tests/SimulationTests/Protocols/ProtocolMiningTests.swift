import NIOCore
import NIOPosix
import Simulation
import Testing

extension ProtocolTests {
    /// What holds for every protocol between a miner and a pool without anything between them.
    @Suite(.timeLimit(.minutes(5))) struct ProtocolMiningTests {
        /// Each firmware of the protocol once or twice.
        private static let minerCount = 6

        @Test(arguments: SimulatedProtocol.allCases)
        func everyShareIsAcceptedAndBothLogsAgree(protocol: SimulatedProtocol) async throws {
            try await withPool(`protocol`) { pool in
                try await withFarm(on: pool, `protocol`, count: Self.minerCount) { farm in
                    try await farm.wait("shares") { logs in logs.allSatisfy { $0.accepted >= 2 } }
                    #expect(farm.totals.rejected == 0, "\(farm.totals)")
                    let difficulty = 2 * SimulatedPoolConfiguration(name: "", protocol: `protocol`).difficulty
                    try await pool.setDifficulty(difficulty)
                    try await farm.wait("harder shares") { logs in
                        logs.allSatisfy { log in
                            log.submissions.contains {
                                abs($0.difficulty / difficulty - 1) < 1e-9 && $0.reply == .accepted
                            }
                        }
                    }
                    let jobs = Set(pool.log.connections.flatMap(\.jobIDs))
                    try await pool.newBlock()
                    try await farm.wait("shares of the next block") { logs in
                        logs.allSatisfy { log in
                            log.submissions.contains { !jobs.contains($0.jobID) && $0.reply == .accepted }
                        }
                    }
                    try await farm.drain()
                    let (totals, log) = (farm.totals, pool.log)
                    #expect(totals.violations.isEmpty)
                    #expect(totals.disconnects == 0)
                    #expect(totals.accepted == log.acceptedShares)
                    #expect(totals.rejected == log.rejectedShares)
                    // Only what was under way when the block was found may be late.
                    #expect(
                        farm.logs.flatMap(\.submissions).allSatisfy {
                            $0.reply == .accepted || jobs.contains($0.jobID)
                        }
                    )
                    let work = farm.logs.reduce(0) { $0 + $1.acceptedWork }
                    #expect(abs(work / log.acceptedWork - 1) < 1e-6)
                    for miner in farm.miners { expectEqualLogs(pool, miner) }
                }
            }
        }

        @Test(arguments: SimulatedProtocol.allCases)
        func killedPoolIsMinedAgainOnceItIsBack(protocol: SimulatedProtocol) async throws {
            try await withPool(`protocol`) { pool in
                try await withFarm(on: pool, `protocol`, count: Self.minerCount) { farm in
                    try await farm.wait("shares") { logs in logs.allSatisfy { $0.accepted >= 1 } }
                    try await pool.inject(.reset)
                    try await farm.wait("refused calls") { logs in
                        logs.allSatisfy { log in
                            log.events.contains { if case .connectFailed = $0.kind { true } else { false } }
                        }
                    }
                    try await pool.inject(.healthy)
                    try await farm.wait("shares again") { logs in
                        logs.allSatisfy { log in
                            log.submissions.contains { $0.connection >= 1 && $0.reply == .accepted }
                        }
                    }
                    #expect(farm.totals.disconnects >= Self.minerCount)
                }
            }
        }

        @Test(arguments: SimulatedProtocol.allCases)
        func everySecondCopyIsADuplicate(protocol: SimulatedProtocol) async throws {
            try await withPool(`protocol`) { pool in
                try await withMiner(on: pool, `protocol`, { $0.mistake = .duplicates }) { miner in
                    try await miner.wait("refusals") { $0.rejected >= 3 }
                    try await miner.pause()
                    try await miner.wait("all replies") { $0.unanswered == 0 }
                    let refused = pool.shareLog.filter { !$0.isAccepted }
                    #expect(
                        refused.allSatisfy {
                            if case .rejected(_, let text) = $0.verdict { text.hasPrefix("Duplicate") } else { false }
                        }
                    )
                    #expect(refused.count * 2 == pool.shareLog.count)
                    expectEqualLogs(pool, miner)
                }
            }
        }

        @Test(arguments: [SimulatedProtocol.cryptonote, .ethProxy, .equihash])
        func falseProofsAreRefused(protocol: SimulatedProtocol) async throws {
            let texts: [SimulatedProtocol: String] = [
                .cryptonote: "Malformed share", .ethProxy: "Invalid mix hash", .equihash: "Invalid solution",
            ]
            try await withPool(`protocol`) { pool in
                try await withMiner(on: pool, `protocol`, { $0.sendsFalseProofs = true }) { miner in
                    try await miner.wait("refusals") { $0.rejected >= 3 }
                    let replies = Set(miner.log.submissions.compactMap(\.reply))
                    #expect(replies.count == 1)
                    if case .rejected(_, let text) = replies.first { #expect(text == texts[`protocol`]) }
                }
            }
        }

        @Test(arguments: SimulatedProtocol.allCases)
        func refusedMinersLeave(protocol: SimulatedProtocol) async throws {
            try await withPool(`protocol`) { pool in
                try await pool.inject(.refuseAuthorization)
                try await withMiner(on: pool, `protocol`, { $0.reconnects = false }) { miner in
                    try await miner.wait("the end") { $0.disconnects == 1 }
                    #expect(miner.log.events.contains { $0.kind == .authorized(false) })
                    #expect(!miner.log.isMining)
                }
            }
        }

        @Test(arguments: SimulatedProtocol.allCases)
        func verdictsAreForcedByFaultsInTheProtocolsOwnShape(protocol: SimulatedProtocol) async throws {
            try await withPool(`protocol`) { pool in
                try await pool.inject(.rejectAll(code: 400, text: "forced"))
                try await withMiner(on: pool, `protocol`) { miner in
                    try await miner.wait("a refusal") { $0.rejected >= 1 }
                    #expect(miner.log.submissions.first?.reply == .rejected(code: 400, text: "forced"))
                    try await pool.inject(.healthy)
                    try await miner.wait("an accepted share") { $0.accepted >= 1 }
                }
            }
        }

        /// The two whose hashes are the heaviest.
        @Test(arguments: [SimulatedProtocol.scrypt, .equihash])
        func fiftyMinersAreLight(protocol: SimulatedProtocol) async throws {
            try await withPool(`protocol`) { pool in
                try await withFarm(on: pool, `protocol`, count: 50) { farm in
                    try await farm.wait("shares of all") { logs in logs.allSatisfy { $0.accepted >= 1 } }
                    try await farm.drain()
                    #expect(farm.totals.accepted == pool.log.acceptedShares)
                    #expect(farm.totals.violations.isEmpty)
                }
            }
        }
    }
}

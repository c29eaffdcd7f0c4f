import NIOCore
import NIOPosix
import NIOSSL
import Simulation
import Testing

/// A difficulty of about 43 hashes a share.
private let easyDifficulty = 1e-8

@Suite(.timeLimit(.minutes(5))) struct DirectMiningTests {
    private func drain(_ miner: SimulatedMiner) async throws {
        try await miner.pause()
        try await miner.wait("all replies") { $0.unanswered == 0 }
    }

    @Test(arguments: MinerProfile.allCases, HandshakeOrder.allCases)
    func everyShareIsAcceptedAndBothLogsAgree(profile: MinerProfile, order: HandshakeOrder) async throws {
        try await withPool {
            $0.difficulty = easyDifficulty
            $0.order = order
            $0.acceptsShortNonces = true
        } _: { pool in
            try await withMiner(on: pool, profile, { $0.noncesPerRoll = 100 }) { miner in
                try await miner.wait("shares") { $0.accepted >= 20 }
                #expect(miner.log.rejected == 0, "\(miner.log)")
                try await pool.setDifficulty(easyDifficulty * 2)
                let job = try await pool.sendJob()
                try await miner.wait("shares of the next job") { log in
                    log.submissions.contains { $0.jobID == job && $0.reply == .accepted }
                }
                let block = try await pool.newBlock()
                try await miner.wait("shares of the next block") { log in
                    log.submissions.contains { $0.jobID == block && $0.reply == .accepted }
                }
                try await drain(miner)
                let log = miner.log
                #expect(log.violations.isEmpty)
                #expect(log.disconnects == 0)
                // Only what was under way when the block was found may be late.
                #expect(log.submissions.allSatisfy { $0.reply == .accepted || $0.jobID != block })
                #expect(log.submissions.contains { $0.difficulty == easyDifficulty * 2 })
                #expect(
                    log.submissions.contains { $0.extranonce2 != log.submissions[0].extranonce2 }
                        || profile == .nerdminer)
                #expect(
                    log.submissions.contains { $0.versionBits != nil } == (profile == .cgminer || profile == .bitaxe))
                // A NerdMiner takes a new difficulty for the job that it has.
                expectEqualLogs(pool, miner, comparesDifficulty: profile != .nerdminer)
            }
        }
    }

    @Test(arguments: [
        SimulatedPoolConfiguration.ckpool(name: "ckpool"), .datum(name: "datum"), .btcCom(name: "btc.com"),
        .nomp(name: "nomp"),
    ])
    func presetsAreMinedByEveryProfileThatCan(configuration: SimulatedPoolConfiguration) async throws {
        try await withPool {
            $0 = configuration
            $0.difficulty = easyDifficulty
            $0.acceptsShortNonces = true
        } _: { pool in
            for profile in MinerProfile.allCases {
                try await withMiner(on: pool, profile, { $0.handshakeLimit = .milliseconds(300) }) { miner in
                    try await miner.wait("shares") { $0.accepted >= 3 }
                    #expect(miner.log.rejected == 0, "\(miner.log)")
                }
            }
        }
    }

    @Test(arguments: [MinerMistake.previousHashOrder, .nonceOrder, .extranonceOrder])
    func wrongByteOrderIsRefusedThroughout(mistake: MinerMistake) async throws {
        try await withPool {
            $0.difficulty = 1e-6
        } _: { pool in
            try await withMiner(on: pool, .plain, { $0.makeMistake(mistake) }) { miner in
                try await miner.wait("refusals") { $0.rejected >= 4 }
                try await drain(miner)
                let refused = pool.shareLog.filter { !$0.isAccepted }
                #expect(refused.allSatisfy { $0.verdict == .rejected(code: 23, text: "Above target") })
                // By chance one in 4,295 of such shares is good.
                #expect(pool.shareLog.count - refused.count <= 1)
                expectEqualLogs(pool, miner)
            }
        }
    }

    @Test func everySecondCopyIsADuplicate() async throws {
        try await withPool {
            $0.difficulty = easyDifficulty
        } _: { pool in
            try await withMiner(on: pool, .plain, { $0.makeMistake(.duplicates) }) { miner in
                try await miner.wait("refusals") { $0.rejected >= 4 }
                try await drain(miner)
                let refused = pool.shareLog.filter { !$0.isAccepted }
                #expect(refused.allSatisfy { $0.verdict == .rejected(code: 22, text: "Duplicate") })
                #expect(refused.count * 2 == pool.shareLog.count)
                expectEqualLogs(pool, miner)
            }
        }
    }

    @Test func shortNoncesAreRefusedByAStrictPool() async throws {
        try await withPool {
            $0.difficulty = easyDifficulty
        } _: { pool in
            try await withMiner(on: pool, .nerdminer) { miner in
                try await miner.wait("a refusal") { $0.rejected >= 1 && $0.accepted >= 1 }
                try await drain(miner)
                #expect(miner.log.submissions.allSatisfy { ($0.nonce.utf8.count < 8) == ($0.reply != .accepted) })
            }
        }
    }

    @Test(arguments: [ConfigureBehaviour.error, .silent, .closes])
    func minerGoesOnWithoutConfigure(behaviour: ConfigureBehaviour) async throws {
        try await withPool {
            $0.configure = behaviour
            $0.difficulty = easyDifficulty
        } _: { pool in
            // Only a pool that says nothing is left by the clock.
            let limit = TimeAmount.milliseconds(behaviour == .silent ? 300 : 60_000)
            try await withMiner(on: pool, .cgminer, { $0.handshakeLimit = limit }) { miner in
                try await miner.wait("shares") { $0.accepted >= 3 }
                #expect(miner.log.submissions.allSatisfy { $0.versionBits == nil })
                #expect((miner.log.disconnects == 0) == (behaviour == .error))
            }
        }
    }

    @Test func minerComesBackAfterAResetWithItsSession() async throws {
        try await withPool {
            $0.difficulty = easyDifficulty
        } _: { pool in
            try await withMiner(on: pool, .plain, { $0.resumesSession = true }) { miner in
                try await miner.wait("shares") { $0.accepted >= 3 }
                try await pool.inject(.reset)
                try await miner.wait("a refused call") { log in
                    log.events.contains { if case .connectFailed = $0.kind { true } else { false } }
                }
                try await pool.inject(.healthy)
                try await miner.wait("shares again") { log in
                    log.submissions.contains { $0.connection == 1 && $0.reply == .accepted }
                }
                let connections = pool.log.connections
                #expect(connections.map(\.isResumed) == [false, true])
                #expect(Set(connections.map(\.extranonce1)).count == 1)
                #expect(miner.log.disconnects == 1)
            }
        }
    }

    @Test func starvedMinerGetsACleanJobWhenThePoolRecovers() async throws {
        try await withPool {
            $0.difficulty = easyDifficulty
        } _: { pool in
            try await withMiner(on: pool) { miner in
                try await miner.wait("shares") { $0.accepted >= 3 }
                try await pool.inject(.noJobs)
                try await pool.newBlock()
                try await pool.setDifficulty(easyDifficulty * 2)
                try await miner.wait("stale shares") { $0.rejected >= 1 }
                try await pool.inject(.healthy)
                try await miner.wait("good shares") { log in
                    log.submissions.contains { $0.difficulty == easyDifficulty * 2 && $0.reply == .accepted }
                }
                #expect(miner.log.jobs == 2)
                #expect(miner.log.violations.isEmpty)
            }
        }
    }

    @Test func droppedMinerComesBack() async throws {
        try await withPool {
            $0.difficulty = easyDifficulty
        } _: { pool in
            try await withMiner(on: pool) { miner in
                try await miner.wait("shares") { $0.accepted >= 3 }
                try await miner.dropLink()
                try await miner.wait("the second link") { $0.connects == 2 && $0.isMining }
                #expect(miner.log.events.contains { $0.kind == .disconnected(reason: "dropped") })
                #expect(pool.log.connections.first?.wasClosedByPool == false)
            }
        }
    }

    @Test(arguments: MinerProfile.allCases)
    func reconnectRequestsAreObeyedAsTheFirmwareDoes(profile: MinerProfile) async throws {
        try await withPool {
            $0.difficulty = easyDifficulty
        } _: { pool in
            try await withMiner(on: pool, profile) { miner in
                try await miner.wait("mining") { $0.isMining }
                try await pool.inject(.reconnectRequest(host: nil, port: nil))
                try await miner.wait("the second link") { $0.connects == 2 && $0.isMining }
                let obeys = miner.log.events.contains {
                    $0.kind == .reconnectRequested(host: nil, port: nil, obeyed: true)
                }
                #expect(obeys == (profile != .cpuminer && profile != .nerdminer))
            }
        }
    }

    @Test func extranonceChangeIsFollowedByAMinerThatAskedForIt() async throws {
        try await withPool {
            $0.difficulty = easyDifficulty
        } _: { pool in
            try await withMiner(on: pool, .plain, { $0.subscribesExtranonce = true }) { miner in
                try await miner.wait("shares") { $0.accepted >= 3 }
                try await pool.inject(.setExtranonce(size: 3))
                try await miner.wait("shares with the new size") { log in
                    log.submissions.contains { $0.extranonce2.utf8.count == 6 && $0.reply == .accepted }
                }
                #expect(miner.log.violations.isEmpty)
            }
        }
    }

    @Test func unaskedExtranonceChangeIsAViolation() async throws {
        try await withPool { pool in
            try await withMiner(on: pool, .cpuminer, { $0.hashesPerSecond = 0 }) { miner in
                try await miner.wait("mining") { $0.isMining && $0.jobs == 1 }
                try await pool.inject(.setExtranonce(size: 3))
                try await miner.wait("the violation") { !$0.violations.isEmpty }
            }
        }
    }

    @Test func silentPoolIsLeft() async throws {
        try await withPool { pool in
            func change(_ configuration: inout SimulatedMinerConfiguration) {
                configuration.silenceLimit = .milliseconds(200)
                configuration.hashesPerSecond = 0
            }
            try await withMiner(on: pool, .cgminer, change) { miner in
                try await miner.wait("the end") { log in
                    log.events.contains { $0.kind == .disconnected(reason: "silence") }
                }
            }
        }
    }

    @Test func sharesFlowOverTLS() async throws {
        let server = try TestCertificate.serverConfiguration()
        try await withPool {
            $0.tls = server
            $0.difficulty = easyDifficulty
        } _: { pool in
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            try await withMiner(on: pool, .plain, { $0.tls = tls }) { miner in
                try await miner.wait("shares") { $0.accepted >= 3 }
                #expect(miner.log.rejected == 0)
            }
        }
    }

    @Test func farmCountsWhatThePoolCounts() async throws {
        try await withPool {
            $0.difficulty = easyDifficulty
            $0.acceptsShortNonces = true
        } _: { pool in
            let group = MultiThreadedEventLoopGroup.singleton
            let configurations = SimulatedFarm.configurations(count: 20, port: pool.port, hashesPerSecond: 500)
            let farm = try await SimulatedFarm.start(configurations, on: group)
            try await farm.wait("shares of all") { logs in logs.allSatisfy { $0.accepted >= 3 } }
            try await farm.drain()
            let totals = farm.totals
            #expect(totals.accepted == pool.log.acceptedShares)
            #expect(totals.rejected == 0, "\(totals)")
            #expect(pool.log.rejectedShares == 0)
            #expect(totals.violations.isEmpty)
            #expect(totals.disconnects == 0)
            try await farm.stop()
            try await pool.wait("all links to end") { $0.openConnections == 0 }
        }
    }
}

extension SimulatedMinerConfiguration {
    fileprivate mutating func makeMistake(_ mistake: MinerMistake) {
        self.mistake = mistake
        self.hashesPerSecond = 20_000
    }
}

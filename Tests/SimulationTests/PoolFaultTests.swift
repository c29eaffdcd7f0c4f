import NIOCore
import Simulation
import Testing

/// Each fault as a client sees it. Order on one link stands in for time: a line that came proves that an earlier one
/// was not sent.
@Suite(.timeLimit(.minutes(5))) struct PoolFaultTests {
    @Test(arguments: [PoolFault.reset, .close])
    func deadPoolRefusesUntilRevivedOnTheSamePort(fault: PoolFault) async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            try await pool.inject(fault)
            try await client.wait("the end") { $0.isClosed || $0.isInputClosed }
            await #expect(throws: (any Error).self) { try await RawClient.connect(to: pool) }
            try await client.close()
            try await pool.inject(.healthy)
            let second = try await RawClient.mining(on: pool)
            try await second.submit(id: 3)
            #expect(try await second.reply(3).contains("true"))
            #expect(pool.log.connections.first?.wasClosedByPool == true)
            try await second.close()
        }
    }

    @Test func halfClosedPoolStillJudges() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            try await pool.inject(.halfClose)
            try await client.wait("the end of input") { $0.isInputClosed }
            try await client.submit(id: 3)
            try await pool.wait("the share") { $0.shares.count == 1 }
            try await client.close()
            #expect(pool.shareLog.first?.isAnswered == false)
            #expect(pool.shareLog.first?.verdict == .accepted)
        }
    }

    @Test func frozenPoolIsReachableButReadsLater() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            try await pool.inject(.freeze)
            try await client.submit(id: 3)
            let second = try await RawClient.connect(to: pool)
            #expect(pool.log.connects == 1)
            #expect(pool.log.shares.isEmpty)
            try await pool.inject(.healthy)
            #expect(try await client.reply(3).contains("true"))
            try await pool.wait("the second link") { $0.connects == 2 }
            try await client.close()
            try await second.close()
        }
    }

    @Test func silentPoolNeverSpeaks() async throws {
        try await withPool { pool in
            try await pool.inject(.silentAccept, on: .newLinks)
            let client = try await RawClient.connect(to: pool)
            try await client.send(#"{"id":1,"method":"mining.subscribe","params":[]}"#)
            try await client.close()
            try await pool.wait("the end") { $0.closes == 1 }
            #expect(client.lines.isEmpty)
            #expect(pool.log.subscribes == 0)
        }
    }

    @Test func sharesWithoutVerdictAreJudgedAllTheSame() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            try await pool.inject(.noVerdicts)
            try await client.submit(id: 3)
            try await pool.wait("the share") { $0.acceptedShares == 1 }
            let block = try await pool.newBlock()
            try await client.wait("the next job") { log in log.lines.contains { $0.contains(block) } }
            #expect(!client.lines.contains { $0.hasPrefix("{\"id\":3,") })
            #expect(pool.shareLog.map(\.isAnswered) == [false])
            try await client.close()
        }
    }

    @Test func starvedLinkGetsVerdictsButNoJob() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            try await pool.inject(.noJobs)
            let job = try await pool.sendJob()
            try await client.submit(id: 3)
            #expect(try await client.reply(3).contains("true"))
            #expect(!client.lines.contains { $0.contains(job) })
            let count = client.lines.count
            try await pool.inject(.healthy)
            try await client.wait("a job") { $0.lines.dropFirst(count).contains { $0.contains("mining.notify") } }
            try await client.close()
        }
    }

    @Test func delayedVerdictArrivesNotBeforeItsTime() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            try await pool.inject(.delayVerdicts(.milliseconds(200)))
            let start = NIODeadline.now()
            try await client.submit(id: 3)
            #expect(try await client.reply(3).contains("true"))
            #expect(NIODeadline.now() - start >= .milliseconds(200))
            try await client.close()
        }
    }

    @Test func rejectAllAndHealthyAgain() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            try await pool.inject(.rejectAll(code: 20, text: "no"))
            try await client.submit(id: 3)
            #expect(try await client.reply(3) == #"{"id":3,"result":null,"error":[20,"no",null]}"#)
            try await pool.inject(.healthy)
            try await client.submit(id: 4, nonce: "00000001")
            #expect(try await client.reply(4).contains("true"))
            try await client.close()
        }
    }

    @Test func refusedAuthorization() async throws {
        try await withPool { pool in
            try await pool.inject(.refuseAuthorization)
            let client = try await RawClient.connect(to: pool)
            try await client.send(#"{"id":2,"method":"mining.authorize","params":["raw.1","x"]}"#)
            #expect(try await client.reply(2).contains(#""result":false"#))
            try await client.close()
        }
    }

    @Test func reconnectRequestIsFollowedByTheEndOfTheLink() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            try await pool.inject(.reconnectRequest(host: "127.0.0.1", port: 99))
            try await client.wait("the end") { $0.isInputClosed || $0.isClosed }
            #expect(client.lines.last?.contains(#""params":["127.0.0.1",99]"#) == true)
            let second = try await RawClient.connect(to: pool)
            try await client.close()
            try await second.close()
        }
    }

    @Test func garbageArrivesAsItIs() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            try await pool.inject(.garbage(Array("{\"id\":\n".utf8)))
            try await client.wait("garbage") { $0.lines.last == "{\"id\":" }
            try await client.close()
        }
    }

    @Test func extranonceChangeTakesEffectWithTheNextJob() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            let job = client.job
            try await pool.inject(.setExtranonce(size: 3))
            try await client.nextJob(after: job)
            #expect(client.lines.suffix(2).first?.contains("mining.set_extranonce") == true)
            try await client.submit(id: 3, extranonce2: "000000")
            try await client.submit(id: 4)
            try await client.submit(id: 5, job: job.id, ntime: job.ntime)
            #expect(try await client.reply(3).contains("true"))
            #expect(try await client.reply(4).contains("Invalid nonce2 length"))
            #expect(try await client.reply(5).contains("Stale"))
            try await client.close()
        }
    }
}

import NIOCore
import Simulation
import Testing

/// One wrong submit, and what the pool must say.
struct WrongShare: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let expected: String
    var worker = "raw.1"
    var job: String?
    var extranonce2 = "0000000000000000"
    var ntime: String?
    var nonce = "00000000"
    var bits: String?
}

@Suite(.timeLimit(.minutes(5))) struct ShareVerdictTests {
    static let wrongShares = [
        WrongShare(testDescription: "unknown job", expected: #"[21,"Job not found",null]"#, job: "nope"),
        WrongShare(
            testDescription: "short extranonce2", expected: #"[20,"Invalid nonce2 length",null]"#, extranonce2: "00"),
        WrongShare(testDescription: "long extranonce2", expected: "Invalid nonce2", extranonce2: "000000000000000000"),
        WrongShare(testDescription: "blank extranonce2", expected: "Invalid nonce2", extranonce2: "00000000       1"),
        WrongShare(testDescription: "short nonce", expected: #"[20,"Invalid nonce",null]"#, nonce: "1"),
        WrongShare(testDescription: "early ntime", expected: #"[20,"Ntime out of range",null]"#, ntime: "00000001"),
        WrongShare(testDescription: "late ntime", expected: "Ntime out of range", ntime: "ffffffff"),
        WrongShare(
            testDescription: "bits without a mask", expected: #"[20,"Invalid version mask",null]"#, bits: "00002000"),
        WrongShare(testDescription: "another worker", expected: #"[24,"Worker mismatch",null]"#, worker: "raw.2"),
    ]

    @Test(arguments: Self.wrongShares)
    func wrongShareIsRefused(share: WrongShare) async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            try await client.submit(
                id: 3,
                worker: share.worker,
                job: share.job,
                extranonce2: share.extranonce2,
                ntime: share.ntime,
                nonce: share.nonce,
                bits: share.bits
            )
            #expect(try await client.reply(3).contains(share.expected))
            #expect(pool.log.rejectedShares == 1)
            try await client.close()
        }
    }

    @Test func repeatedShareIsADuplicate() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            try await client.submit(id: 3)
            try await client.submit(id: 4)
            #expect(try await client.reply(3) == #"{"id":3,"result":true,"error":null}"#)
            #expect(try await client.reply(4).contains(#"[22,"Duplicate",null]"#))
            try await client.close()
        }
    }

    @Test func shareAboveTheTargetIsRefused() async throws {
        try await withPool {
            $0.difficulty = 1e6
        } _: { pool in
            let client = try await RawClient.mining(on: pool)
            try await client.submit(id: 3)
            #expect(try await client.reply(3).contains(#"[23,"Above target",null]"#))
            try await client.close()
        }
    }

    @Test func jobKeepsTheDifficultyItWasSentWith() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            let old = client.job
            try await pool.setDifficulty(1e6)
            try await client.nextJob(after: old)
            try await client.submit(id: 3, job: old.id, ntime: old.ntime)
            try await client.submit(id: 4)
            #expect(try await client.reply(3).contains("true"))
            #expect(try await client.reply(4).contains("Above target"))
            #expect(pool.shareLog.map(\.jobDifficulty) == [1e-12, 1e6])
            try await client.close()
        }
    }

    @Test func blockMakesOlderJobsStale() async throws {
        try await withPool { pool in
            let client = try await RawClient.mining(on: pool)
            let old = client.job
            try await pool.newBlock()
            try await client.nextJob(after: old)
            try await client.submit(id: 3, job: old.id, ntime: old.ntime)
            #expect(try await client.reply(3).contains(#"[21,"Stale",null]"#))
            try await client.close()
        }
    }

    @Test func versionBitsMustLieInTheMask() async throws {
        try await withPool {
            $0.requiresVersionBits = true
        } _: { pool in
            let client = try await RawClient.connect(to: pool)
            let options = #"{"version-rolling.mask":"0000e000"}"#
            try await client.send(
                #"{"id":9,"method":"mining.configure","params":[["version-rolling","info"],\#(options)]}"#
            )
            #expect(
                try await client.reply(9).contains(
                    #"{"version-rolling":true,"info":false,"version-rolling.mask":"0000e000"}"#))
            try await client.send(#"{"id":1,"method":"mining.subscribe","params":[]}"#)
            try await client.send(#"{"id":2,"method":"mining.authorize","params":["raw.1"]}"#)
            try await client.nextJob(after: RawLog.Job())
            try await client.submit(id: 3, bits: "00002000")
            try await client.submit(id: 4, bits: "00012000")
            try await client.submit(id: 5)
            #expect(try await client.reply(3).contains("true"))
            #expect(try await client.reply(4).contains("Invalid version mask"))
            #expect(try await client.reply(5).contains("Invalid version mask"))
            try await client.close()
        }
    }

    @Test func submitBeforeSubscribeOrAuthorizeIsRefused() async throws {
        try await withPool { pool in
            let client = try await RawClient.connect(to: pool)
            try await client.submit(id: 3, job: "0", ntime: "00000000")
            try await client.send(#"{"id":1,"method":"mining.subscribe","params":[]}"#)
            try await client.submit(id: 4, job: "0", ntime: "00000000")
            #expect(try await client.reply(3).contains("[25,"))
            #expect(try await client.reply(4).contains("[24,"))
            try await client.close()
        }
    }

    @Test(arguments: [
        (RejectionShape.array, #"{"id":3,"result":null,"error":[21,"Job not found",null]}"#),
        (.rejectReason, #"{"id":3,"result":false,"error":null,"reject-reason":"Job not found"}"#),
        (.bareString, #"{"id":3,"result":null,"error":"Job not found"}"#),
    ])
    func refusalHasTheConfiguredShape(shape: RejectionShape, line: String) async throws {
        try await withPool {
            $0.rejectionShape = shape
        } _: { pool in
            let client = try await RawClient.mining(on: pool)
            try await client.submit(id: 3, job: "nope")
            #expect(try await client.reply(3) == line)
            try await client.close()
        }
    }

    @Test(
        arguments: [
            (SecondAuthorizeBehaviour.noAnswer, nil), (.error, #"[25,"Already authorized",null]"#), (.accepts, "true"),
        ] as [(SecondAuthorizeBehaviour, String?)])
    func secondAuthorizeIsAnsweredAsConfigured(behaviour: SecondAuthorizeBehaviour, expected: String?) async throws {
        try await withPool {
            $0.secondAuthorize = behaviour
        } _: { pool in
            let client = try await RawClient.mining(on: pool)
            try await client.send(#"{"id":3,"method":"mining.authorize","params":["raw.2","x"]}"#)
            try await client.submit(id: 4)
            #expect(try await client.reply(4).contains("true"))
            let line = client.lines.first { $0.hasPrefix("{\"id\":3,") }
            #expect((line == nil) == (expected == nil))
            if let expected { #expect(line?.contains(expected) == true) }
            try await client.close()
        }
    }
}

import NIOCore
import Stratum
import Testing

@testable import Simulation

@Suite struct CryptonoteTargetTests {
    /// Difficulties as four and as eight bytes, and what is left of them.
    @Test(
        arguments: [
            (5_000, 4, "711b0d00", 5_000), (10_000, 4, "b88d0600", 10_000), (12_345_678, 4, "5b010000", 12_377_427),
            (3_000_000_000, 4, "01000000", 4_294_967_295), (1, 8, "ffffffffffffffff", 1),
            (2, 8, "ffffffffffffff7f", 2),
        ] as [(Double, Int, String, Double)]
    )
    func targetTellsTheDifficulty(difficulty: Double, bytes: Int, text: String, told: Double) {
        let target = CryptonoteTarget(difficulty: difficulty, bytes: bytes)
        #expect(target.hex(bytes: bytes) == text)
        #expect(target.difficulty == told)
        #expect(CryptonoteTarget(hex: target.hex(bytes: bytes)) == target)
    }

    @Test(arguments: ["", "00000000", "0000000000000000", "0102", "zz000000", "010000000"])
    func senselessTargetIsRefused(text: String) {
        #expect(CryptonoteTarget(hex: text) == nil)
    }
}

/// XMRig's habits, line by line.
@Suite struct XMRigTests {
    private static let job =
        #"{"blob":"\#(String(repeating: "10", count: 39))00000000\#(String(repeating: "22", count: 33))","job_id":"a","#
        + #""target":"ffffffff","algo":"rx/0","seed_hash":"\#(String(repeating: "33", count: 32))","id":"s"}"#

    private func miner(
        _ profile: CryptonoteProfile,
        job: String = Self.job
    ) -> (miner: CryptonoteMiner, actions: [MinerAction]) {
        var configuration = SimulatedMinerConfiguration(user: "wallet", protocol: .cryptonote, port: 1)
        configuration.cryptonote.profile = profile
        var miner = CryptonoteMiner(configuration, memory: MinerMemory())
        _ = miner.begin()
        let result = #"{"id":"s","job":\#(job),"extensions":["algo","nicehash"],"status":"OK"}"#
        let actions = miner.receive(line(#"{"id":1,"jsonrpc":"2.0","error":null,"result":\#(result)}"#))
        return (miner, actions)
    }

    private func line(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    private func leaves(_ actions: [MinerAction]) -> Bool {
        actions.contains { if case .leave = $0 { true } else { false } }
    }

    private func violates(_ actions: [MinerAction]) -> Bool {
        actions.contains { if case .violation = $0 { true } else { false } }
    }

    @Test func identicalJobIsLeft() {
        for profile in CryptonoteProfile.allCases {
            var (miner, actions) = self.miner(profile)
            #expect(!self.leaves(actions) && !self.violates(actions))
            #expect(miner.hasWork)
            let again = miner.receive(line(#"{"jsonrpc":"2.0","method":"job","params":\#(Self.job)}"#))
            #expect(self.leaves(again) == (profile == .xmrig))
            let other = Self.job.replacing(#""job_id":"a""#, with: #""job_id":"b""#)
            let next = miner.receive(line(#"{"jsonrpc":"2.0","method":"job","params":\#(other)}"#))
            #expect(!self.leaves(next))
        }
    }

    @Test(arguments: [
        ("seed_hash", "seed"), ("\"rx/0\"", "\"cn/half\""), ("\"ffffffff\"", "\"ff\""),
        ("\"id\":\"s\"", "\"id\":\"t\""),
        ("\"job_id\":\"a\"", "\"job_id\":\"\""),
    ])
    func uselessJobIsLeft(part: String, replacement: String) {
        let (_, actions) = self.miner(.xmrig, job: Self.job.replacing(part, with: replacement))
        #expect(self.leaves(actions) && self.violates(actions))
    }

    @Test func jobWithAnIDIsNoJob() {
        var (miner, _) = self.miner(.xmrig)
        let other = Self.job.replacing(#""job_id":"a""#, with: #""job_id":"b""#)
        #expect(self.violates(miner.receive(line(#"{"id":7,"method":"job","params":\#(other)}"#))))
    }

    @Test(arguments: [
        ("Unauthenticated", true), ("your IP is banned", true), ("IP Address currently banned", true),
        ("invalid job ID", true), ("Block expired", false), ("Low difficulty share", false), ("Duplicate share", false),
    ])
    func someRefusalsAreFatal(text: String, isFatal: Bool) {
        var (xmrig, _) = self.miner(.xmrig)
        var (plain, _) = self.miner(.plain)
        let reply = line(#"{"id":9,"jsonrpc":"2.0","error":{"code":-1,"message":"\#(text)"}}"#)
        #expect(self.leaves(xmrig.receive(reply)) == isFatal)
        #expect(!self.leaves(plain.receive(reply)))
    }

    @Test func reconnectNeedsTwoStrings() {
        var (miner, _) = self.miner(.xmrig)
        let wrong = line(#"{"jsonrpc":"2.0","method":"client.reconnect","params":["host",3333]}"#)
        #expect(self.violates(miner.receive(wrong)))
        let right = miner.receive(line(#"{"jsonrpc":"2.0","method":"client.reconnect","params":["host","3333"]}"#))
        #expect(right.contains { if case .reconnect("host", 3_333) = $0 { true } else { false } })
    }
}

extension ProtocolTests {
    @Suite(.timeLimit(.minutes(5))) struct CryptonoteTests {
        @Test(arguments: [4, 8])
        func bothTargetLengthsAreMined(bytes: Int) async throws {
            try await withPool(.cryptonote, { $0.cryptonote.targetBytes = bytes }) { pool in
                for profile in CryptonoteProfile.allCases {
                    try await withMiner(on: pool, .cryptonote, { $0.cryptonote.profile = profile }) { miner in
                        try await miner.wait("shares") { $0.accepted >= 3 }
                        #expect(miner.log.rejected == 0 && miner.log.violations.isEmpty)
                        #expect(pool.log.connections.last?.methods.contains("getjob") == (profile == .plain))
                    }
                }
            }
        }

        private static let refusalOfNonce = MinerReply.rejected(
            code: -1,
            text: "Invalid nonce; is miner not compatible with NiceHash?"
        )

        @Test func niceHashByteIsKept() async throws {
            try await withPool(.cryptonote, { $0.cryptonote.fixedNonceByte = 0x5a }) { pool in
                for profile in CryptonoteProfile.allCases {
                    try await withMiner(on: pool, .cryptonote, { $0.cryptonote.profile = profile }) { miner in
                        try await miner.wait("shares") { $0.accepted >= 3 }
                        #expect(miner.log.submissions.allSatisfy { $0.nonce.hasSuffix("5a") })
                    }
                }
                try await withMiner(on: pool, .cryptonote, { $0.cryptonote.ignoresNonceByte = true }) { miner in
                    try await miner.wait("a refusal") { $0.rejected >= 1 }
                    let refused = miner.log.submissions.filter { !$0.nonce.hasSuffix("5a") && $0.reply != nil }
                    #expect(Set(refused.map(\.reply)) == [Self.refusalOfNonce])
                }
            }
        }

        @Test func byteZeroIsKeptOnlyByWhoKnowsTheExtension() async throws {
            try await withPool(.cryptonote) { pool in
                try await withMiner(on: pool, .cryptonote) { miner in
                    try await miner.wait("shares") { $0.accepted >= 3 }
                    #expect(miner.log.submissions.allSatisfy { $0.nonce.hasSuffix("00") })
                }
                try await withMiner(on: pool, .cryptonote, { $0.cryptonote.profile = .plain }) { miner in
                    try await miner.wait("another byte") { log in log.submissions.contains { !$0.nonce.hasSuffix("00") }
                    }
                }
            }
        }

        @Test func restIsFilledWithKeepalives() async throws {
            try await withPool(.cryptonote) { pool in
                try await withMiner(
                    on: pool,
                    .cryptonote,
                    {
                        $0.hashesPerSecond = 0
                        $0.cryptonote.keepaliveAfter = .milliseconds(60)
                    }
                ) { miner in
                    try await miner.wait("answers") { log in
                        log.events.filter { $0.kind == .other(method: "keepalived") }.count >= 2
                    }
                    #expect(miner.log.violations.isEmpty)
                }
            }
        }

        @Test func jobWithoutSeedHashIsLeftByXMRigOnly() async throws {
            try await withPool(.cryptonote, { $0.cryptonote.sendsSeedHash = false }) { pool in
                try await withMiner(on: pool, .cryptonote) { miner in
                    try await miner.wait("the end") { $0.disconnects >= 1 && !$0.violations.isEmpty }
                }
                try await withMiner(on: pool, .cryptonote, { $0.cryptonote.profile = .plain }) { miner in
                    try await miner.wait("a share") { $0.accepted >= 1 }
                }
            }
        }

        @Test func fatalRefusalMakesXMRigCallAgain() async throws {
            try await withPool(.cryptonote) { pool in
                try await pool.inject(.rejectAll(code: -1, text: "Invalid job id"))
                try await withMiner(on: pool, .cryptonote) { miner in
                    try await miner.wait("another link") { $0.connects >= 2 }
                    #expect(miner.log.events.contains { $0.kind == .disconnected(reason: "Invalid job id") })
                }
            }
        }

        @Test func reconnectRequestIsObeyedByXMRig() async throws {
            try await withPool(.cryptonote) { pool in
                try await withMiner(on: pool, .cryptonote) { miner in
                    try await miner.wait("mining") { $0.isMining }
                    try await pool.inject(.reconnectRequest(host: "127.0.0.1", port: pool.port))
                    try await miner.wait("a second link") { $0.connects == 2 && $0.isMining }
                    #expect(miner.log.events.contains { $0.kind == .disconnected(reason: "client.reconnect") })
                }
            }
        }

        @Test func wrongSharesAreRefusedInTheRightWords() async throws {
            try await withPool(.cryptonote, { $0.difficulty = 1 }) { pool in
                let client = try await RawClient.connect(to: pool)
                try await client.send(#"{"id":1,"method":"login","params":{"login":"w","pass":"x"}}"#)
                let login = try await client.line(with: #""status":"OK""#)
                let session = try #require(login["result"]?.object?["id"]?.string)
                let job = try #require(login["result"]?.object?["job"]?.object)
                let id = try #require(job["job_id"]?.string)
                let blob = try #require(job["blob"]?.string.flatMap(HexText.bytes))
                #expect(blob.count == 76)
                func result(_ nonce: [UInt8], of blob: [UInt8]) -> String {
                    HexText.text(DoubleSHA256.hash(CryptonoteWork.blob(blob, nonce: nonce) ?? []))
                }
                let good = result([1, 2, 3, 4], of: blob)
                let submits: [(session: String, job: String, nonce: String, result: String, text: String)] = [
                    ("nobody", id, "01020304", good, "Unauthenticated"),
                    (session, "nope", "01020304", good, "Invalid job id"),
                    (session, id, "0102", good, "Invalid nonce"), (session, id, "01020305", good, "Malformed share"),
                    (session, id, "01020304", "00", "Malformed share"),
                    (session, id, "01020304", good, #""status":"OK""#),
                    (session, id, "01020304", good, "Duplicate share"),
                ]
                for (index, submit) in submits.enumerated() {
                    let params =
                        #"{"id":"\#(submit.session)","job_id":"\#(submit.job)","nonce":"\#(submit.nonce)","#
                        + #""result":"\#(submit.result)"}"#
                    try await client.send(#"{"id":\#(index + 10),"method":"submit","params":\#(params)}"#)
                    #expect(try await client.reply(index + 10).contains(submit.text), "\(submit)")
                }
                try await pool.setDifficulty(0x1p40)
                let harder = try await client.line(with: #""method":"job""#)
                #expect(harder["id"] == nil)
                let next = try #require(harder["params"]?.object)
                let nextBlob = try #require(next["blob"]?.string.flatMap(HexText.bytes))
                #expect(nextBlob != blob)
                let params =
                    #"{"id":"\#(session)","job_id":"\#(next["job_id"]?.string ?? "")","nonce":"01020304","#
                    + #""result":"\#(result([1, 2, 3, 4], of: nextBlob))"}"#
                try await client.send(#"{"id":30,"method":"submit","params":\#(params)}"#)
                #expect(try await client.reply(30).contains("Low difficulty share"))
                try await pool.newBlock()
                try await client.send(#"{"id":31,"method":"submit","params":\#(params)}"#)
                #expect(try await client.reply(31).contains("Block expired"))
                try await client.close()
            }
        }

        @Test func eachLinkHasItsOwnBlob() async throws {
            try await withPool(.cryptonote) { pool in
                var blobs: Set<String> = []
                for _ in 0..<3 {
                    let client = try await RawClient.connect(to: pool)
                    try await client.send(#"{"id":1,"method":"login","params":{"login":"w","pass":"x"}}"#)
                    let login = try await client.line(with: #""status":"OK""#)
                    blobs.insert(login["result"]?.object?["job"]?.object?["blob"]?.string ?? "")
                    try await client.close()
                }
                #expect(blobs.count == 3)
            }
        }
    }
}

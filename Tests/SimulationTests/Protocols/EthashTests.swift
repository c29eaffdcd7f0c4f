import NIOCore
import Stratum
import Testing

@testable import Simulation

extension ProtocolTests {
    @Suite(.timeLimit(.minutes(5))) struct EthProxyTests {
        @Test func workIsReadInAllItsForms() async throws {
            try await withPool(
                .ethProxy,
                {
                    $0.ethash.sendsHeight = false
                    $0.ethash.sendsJobID = true
                    $0.ethash.shortensTarget = true
                    $0.ethash.refusesTersely = true
                }
            ) { pool in
                try await withMiner(
                    on: pool,
                    .ethProxy,
                    {
                        $0.ethash.rig = "rig1"
                        $0.mistake = .duplicates
                    }
                ) { miner in
                    try await miner.wait("shares") { $0.accepted >= 3 && $0.rejected >= 3 }
                    #expect(miner.log.violations.isEmpty)
                    #expect(miner.log.submissions.allSatisfy { $0.id == 40 })
                    #expect(miner.log.submissions.contains { $0.reply == .rejected(code: 0, text: "") })
                    #expect(pool.log.connections.first?.workers == ["farm.1.rig1"])
                    let methods = ["eth_submitLogin", "eth_getWork", "eth_submitHashrate"]
                    #expect(pool.log.connections.first?.methods == methods)
                }
            }
        }

        @Test func minersOfOneHeaderDoNotCollide() async throws {
            try await withPool(.ethProxy) { pool in
                try await withFarm(on: pool, .ethProxy, count: 4) { farm in
                    try await farm.wait("shares") { logs in logs.allSatisfy { $0.accepted >= 3 } }
                    #expect(farm.totals.rejected == 0)
                    #expect(Set(pool.shareLog.map(\.jobID)).count == 1)
                }
            }
        }

        @Test func wrongSharesAreRefusedInTheRightWords() async throws {
            try await withPool(.ethProxy, { $0.difficulty = 1 }) { pool in
                let client = try await RawClient.connect(to: pool)
                try await client.send(#"{"id":1,"method":"eth_getWork","params":[]}"#)
                #expect(try await client.reply(1).contains("Unauthorized worker"))
                try await client.send(#"{"id":2,"method":"eth_submitLogin","params":["w","x"]}"#)
                #expect(try await client.reply(2).contains("true"))
                try await client.send(#"{"id":3,"method":"eth_getWork","params":[]}"#)
                let work = try #require(try await client.line(with: #"{"id":3,"#)["result"]?.array)
                let header = try #require(work.first?.string)
                let bytes = try #require(HexText.bytes(String(header.dropFirst(2))))
                let mix = HexText.text(EthashStandIn.ofPools.mix(header: bytes, nonce: [0, 0, 0, 0, 0, 0, 0, 1]))
                let submits = [
                    ("0x0000000000000001", "0x00", "0x\(mix)", "Job not found"),
                    ("0x00000000000001", header, "0x\(mix)", "Invalid nonce size"),
                    ("0000000000000001", header, "0x\(mix)", "Invalid nonce size"),
                    ("0x0000000000000002", header, "0x\(mix)", "Invalid mix hash"),
                    ("0x0000000000000001", header, "0x\(mix)", #""result":true"#),
                    ("0x0000000000000001", header, "0x\(mix)", "Duplicate share"),
                ]
                for (index, submit) in submits.enumerated() {
                    let params = #"["\#(submit.0)","\#(submit.1)","\#(submit.2)"]"#
                    try await client.send(#"{"id":\#(index + 10),"method":"eth_submitWork","params":\#(params)}"#)
                    #expect(try await client.reply(index + 10).contains(submit.3), "\(submit)")
                }
                try await pool.setDifficulty(0x1p100)
                let pushed = try #require(try await client.line(with: #"{"id":0,"#)["result"]?.array)
                let next = try #require(pushed.first?.string)
                let nextBytes = try #require(HexText.bytes(String(next.dropFirst(2))))
                let nextMix = HexText.text(
                    EthashStandIn.ofPools.mix(header: nextBytes, nonce: [0, 0, 0, 0, 0, 0, 0, 1])
                )
                let params = #"["0x0000000000000001","\#(next)","0x\#(nextMix)"]"#
                try await client.send(#"{"id":30,"method":"eth_submitWork","params":\#(params)}"#)
                #expect(try await client.reply(30).contains("Low difficulty share"))
                try await pool.newBlock()
                try await client.send(#"{"id":31,"method":"eth_submitWork","params":\#(params)}"#)
                #expect(try await client.reply(31).contains("Stale share"))
                try await client.close()
            }
        }
    }
}

extension ProtocolTests {
    @Suite(.timeLimit(.minutes(5))) struct EthereumStratumTests {
        private static let withExtranonce: [SimulatedProtocol] = [.ethereumStratum1, .ethereumStratum2]

        @Test(arguments: Self.withExtranonce, [0, 1, 3])
        func nonceBeginsWithTheExtranonce(protocol: SimulatedProtocol, size: Int) async throws {
            try await withPool(`protocol`, { $0.extranonce1Size = size }) { pool in
                try await withMiner(on: pool, `protocol`) { miner in
                    try await miner.wait("shares") { $0.accepted >= 3 }
                    #expect(miner.log.submissions.allSatisfy { $0.nonce.utf8.count == 2 * (8 - size) })
                    #expect(miner.log.submissions.allSatisfy { $0.extranonce1.utf8.count == 2 * size })
                    #expect(miner.log.violations.isEmpty)
                }
            }
        }

        @Test(arguments: Self.withExtranonce)
        func extranonceChangeIsFollowed(protocol: SimulatedProtocol) async throws {
            try await withPool(`protocol`) { pool in
                try await withMiner(on: pool, `protocol`, { $0.subscribesExtranonce = true }) { miner in
                    try await miner.wait("shares") { $0.accepted >= 1 }
                    let old = pool.log.connections.first?.extranonce1
                    try await pool.inject(.setExtranonce(size: 6))
                    try await miner.wait("shares with another extranonce") { log in
                        log.submissions.contains { $0.extranonce1 != old && $0.reply == .accepted }
                    }
                    #expect(miner.log.violations.isEmpty)
                }
            }
        }

        @Test func unaskedExtranonceChangeIsAViolation() async throws {
            try await withPool(.ethereumStratum1) { pool in
                try await withMiner(on: pool, .ethereumStratum1, { $0.hashesPerSecond = 0 }) { miner in
                    try await miner.wait("mining") { $0.isMining && $0.jobs == 1 }
                    try await pool.inject(.setExtranonce(size: 6))
                    try await miner.wait("the violation") { !$0.violations.isEmpty }
                }
            }
        }

        @Test(arguments: Self.withExtranonce)
        func nonceOfAnotherSizeIsRefused(protocol: SimulatedProtocol) async throws {
            try await withPool(`protocol`) { pool in
                try await withMiner(on: pool, `protocol`, { $0.ethash.missingNonceDigits = 2 }) { miner in
                    try await miner.wait("refusals") { $0.rejected >= 2 }
                    let code = `protocol` == .ethereumStratum1 ? 20 : 406
                    #expect(miner.log.submissions.first?.reply == .rejected(code: code, text: "Invalid nonce size"))
                    #expect(miner.log.accepted == 0)
                }
            }
        }

        @Test(arguments: Self.withExtranonce)
        func reconnectRequestIsObeyed(protocol: SimulatedProtocol) async throws {
            try await withPool(`protocol`) { pool in
                try await withMiner(on: pool, `protocol`) { miner in
                    try await miner.wait("mining") { $0.isMining }
                    try await pool.inject(.reconnectRequest(host: "127.0.0.1", port: pool.port))
                    try await miner.wait("a second link") { $0.connects == 2 && $0.isMining }
                    #expect(miner.log.events.contains { $0.kind == .disconnected(reason: "client.reconnect") })
                }
            }
        }

        @Test func theOtherVersionIsRefused() async throws {
            try await withPool(.ethereumStratum1) { pool in
                let client = try await RawClient.connect(to: pool)
                try await client.send(#"{"id":1,"method":"mining.subscribe","params":["a","EthereumStratum/3.0.0"]}"#)
                #expect(try await client.reply(1).contains(#""result":false"#))
                try await client.close()
            }
            try await withPool(.ethereumStratum2) { pool in
                let client = try await RawClient.connect(to: pool)
                try await client.send(#"{"id":1,"method":"mining.subscribe"}"#)
                #expect(try await client.reply(1).contains("Say hello first"))
                try await client.send(#"{"id":2,"method":"mining.hello","params":{"proto":"EthereumStratum/1.0.0"}}"#)
                #expect(try await client.reply(2).contains("400"))
                try await client.close()
            }
        }

        @Test func shareOfAnUnknownWorkerOrJobIsRefused() async throws {
            try await withPool(.ethereumStratum2) { pool in
                let client = try await RawClient.connect(to: pool)
                try await client.send(#"{"id":0,"method":"mining.hello","params":{"proto":"EthereumStratum/2.0.0"}}"#)
                try await client.send(#"{"id":1,"method":"mining.subscribe"}"#)
                try await client.send(#"{"id":2,"method":"mining.authorize","params":["a.b","x"]}"#)
                let set = try await client.line(with: "mining.set")
                #expect(set["id"] == nil && set["jsonrpc"] == nil)
                #expect(set["params"]?.object?.members.map(\.name) == ["epoch", "target", "algo", "extranonce"])
                let id = try #require(try await client.line(with: "mining.notify")["params"]?.array?.first?.string)
                try await client.send(#"{"id":3,"method":"mining.submit","params":["\#(id)","000000000001","w-9"]}"#)
                try await client.send(#"{"id":4,"method":"mining.submit","params":["nope","000000000001","w-1"]}"#)
                #expect(try await client.reply(3).contains("301"))
                #expect(try await client.reply(4).contains(#"{"code":404,"message":"Job not found"}"#))
                try await client.close()
            }
        }
    }
}

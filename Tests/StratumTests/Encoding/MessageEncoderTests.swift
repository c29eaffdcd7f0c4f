import NIOCore
import Stratum
import Testing

@Suite struct MessageEncoderTests {
    private static let id = MessageID.integer(1)

    @Test func repliesHaveTheUsualShape() {
        #expect(
            written { MessageEncoder.error(id: Self.id, code: 23, message: "Low \"diff\"", into: &$0) }
                == #"{"id":1,"result":null,"error":[23,"Low \"diff\"",null]}"# + "\n"
        )
        #expect(
            written { MessageEncoder.nullResult(id: .absent, into: &$0) } == #"{"id":null,"result":null,"error":null}"#
                + "\n"
        )
        #expect(
            written { MessageEncoder.getTransactionsResult(id: Self.id, into: &$0) }
                == #"{"id":1,"result":[],"error":null}"# + "\n"
        )
        let subscribed = written {
            MessageEncoder.subscribeResult(
                id: .token("\"a\""),
                subscriptionID: "5f",
                extranonce1: [0x0A, 1],
                extranonce2Size: 4,
                into: &$0
            )
        }
        #expect(
            subscribed
                == #"{"id":"a","result":[[["mining.set_difficulty","5f"],["mining.notify","5f"]],"0a01",4],"error":null}"#
                + "\n"
        )
        #expect(
            written { MessageEncoder.pong(id: .integer(42), into: &$0) } == #"{"id":42,"result":"pong","error":null}"#
                + "\n"
        )
        #expect(
            written { MessageEncoder.version(id: .integer(2), agent: "r/1", into: &$0) }
                == #"{"id":2,"result":"r/1","error":null}"# + "\n"
        )
    }

    @Test func everyRequestedExtensionGetsAValue() {
        let request = ConfigureRequest(
            extensions: ["info", "x\"y", "version-rolling", "minimum-difficulty", "subscribe-extranonce"]
        )
        let granted = written {
            MessageEncoder.configureResult(
                id: Self.id,
                request: request,
                mask: 0x1FFF_E000,
                minimumDifficulty: true,
                subscribeExtranonce: false,
                into: &$0
            )
        }
        #expect(
            granted
                == #"{"id":1,"result":{"info":true,"x\"y":false,"version-rolling":true,"version-rolling.mask":"1fffe000","#
                + #""minimum-difficulty":true,"subscribe-extranonce":false},"error":null}"# + "\n"
        )
        let refused = written {
            MessageEncoder.configureResult(
                id: Self.id,
                request: ConfigureRequest(extensions: ["version-rolling"]),
                mask: nil,
                minimumDifficulty: false,
                subscribeExtranonce: false,
                into: &$0
            )
        }
        #expect(refused == #"{"id":1,"result":{"version-rolling":false},"error":null}"# + "\n")
    }

    @Test func notificationsHaveTheUsualShape() {
        #expect(
            written { MessageEncoder.setVersionMask(0x1FFF_E000, into: &$0) }
                == #"{"id":null,"method":"mining.set_version_mask","params":["1fffe000"]}"# + "\n"
        )
        #expect(
            written { MessageEncoder.setExtranonce(extranonce1: [8, 0], extranonce2Size: 4, into: &$0) }
                == #"{"id":null,"method":"mining.set_extranonce","params":["0800",4]}"# + "\n"
        )
        #expect(
            written { MessageEncoder.reconnect(host: nil, port: nil, wait: nil, into: &$0) }
                == #"{"id":null,"method":"client.reconnect","params":[]}"# + "\n"
        )
        #expect(
            written { MessageEncoder.reconnect(host: "h", port: 3333, wait: 0, into: &$0) }
                == #"{"id":null,"method":"client.reconnect","params":["h",3333,0]}"# + "\n"
        )
        #expect(
            written { MessageEncoder.showMessage("a\n\u{01}\\é", into: &$0) }
                == #"{"id":null,"method":"client.show_message","params":["a\u000a\u0001\\é"]}"# + "\n"
        )
        #expect(
            written { MessageEncoder.ping(id: 42, into: &$0) } == #"{"id":42,"method":"mining.ping","params":[]}"#
                + "\n"
        )
        #expect(
            written { MessageEncoder.getVersion(id: 9, into: &$0) }
                == #"{"id":9,"method":"client.get_version","params":[]}"# + "\n"
        )
    }

    @Test func requestsHaveTheUsualShape() throws {
        #expect(
            written { MessageEncoder.configure(id: 1, mask: 0x1FFF_E000, into: &$0) }
                == #"{"id":1,"method":"mining.configure","params":[["version-rolling"],"#
                + #"{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":2}]}"# + "\n"
        )
        #expect(
            written { MessageEncoder.subscribe(id: 2, userAgent: "r/1", sessionID: nil, into: &$0) }
                == #"{"id":2,"method":"mining.subscribe","params":["r/1"]}"# + "\n"
        )
        #expect(
            written { MessageEncoder.subscribe(id: 2, userAgent: "r/1", sessionID: "5f", into: &$0) }
                == #"{"id":2,"method":"mining.subscribe","params":["r/1","5f"]}"# + "\n"
        )
        #expect(
            written { MessageEncoder.authorize(id: 3, user: "a.\"b", password: "x", into: &$0) }
                == #"{"id":3,"method":"mining.authorize","params":["a.\"b","x"]}"# + "\n"
        )
        #expect(
            written { MessageEncoder.suggestDifficulty(id: 4, difficulty: 512, into: &$0) }
                == #"{"id":4,"method":"mining.suggest_difficulty","params":[512]}"# + "\n"
        )
        #expect(
            written { MessageEncoder.extranonceSubscribe(id: 5, into: &$0) }
                == #"{"id":5,"method":"mining.extranonce.subscribe","params":[]}"# + "\n"
        )
        let extranonce2 = try #require(Extranonce2(hex: "463fb806"))
        for (bits, rest) in [(nil, ""), (0x0A5C_6000, ",\"0a5c6000\""), (0, ",\"00000000\"")] as [(UInt32?, String)] {
            let line = written {
                MessageEncoder.submit(
                    id: 6,
                    user: "acct1.rig7",
                    share: PoolShare(
                        jobID: "65f1a0b2", padding: [0, 0], prefix: [0x0A, 1],
                        found: FoundNonce(extranonce2: extranonce2, ntime: 0x65F1_A0B2, nonce: 7, versionBits: bits)
                    ),
                    into: &$0
                )
            }
            #expect(
                line
                    == #"{"id":6,"method":"mining.submit","params":["acct1.rig7","65f1a0b2","00000a01463fb806","65f1a0b2","#
                    + #""00000007""# + "\(rest)]}\n"
            )
        }
    }

    @Test(
        arguments: [
            (1, "1"), (1024, "1024"), (0.0005, "0.0005"), (0.1, "0.1"), (1e-5, "1e-05"), (16384.5, "16384.5"),
            (0x1p53, "9007199254740992"), (1e15, "1000000000000000"), (1e300, "1e+300"),
            (.leastNonzeroMagnitude, "5e-324"),
            (.infinity, "null"), (.nan, "null"),
        ] as [(Double, String)]
    )
    func difficultyIsShortest(difficulty: Double, text: String) {
        #expect(
            written { MessageEncoder.setDifficulty(difficulty, into: &$0) }
                == "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[\(text)]}\n"
        )
    }

    @Test func difficultyReadsBackExactly() throws {
        let seed: UInt64 = 0x5EED_0001
        var generator = SeededGenerator(seed: seed)
        for round in 0..<2_000 {
            let difficulty = Double(bitPattern: generator.next()).magnitude
            guard difficulty.isFinite, difficulty > 0 else {
                continue
            }
            let message = try PoolMessage.decode(writtenLine { MessageEncoder.setDifficulty(difficulty, into: &$0) })
            guard case .notification(.setDifficulty(let again), .null) = message, again == difficulty else {
                Issue.record("\(difficulty) became \(message), seed \(seed), round \(round)")
                continue
            }
        }
    }

    @Test func jobsReadBackExactly() throws {
        let seed: UInt64 = 0x5EED_0002
        var generator = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let job = Self.randomJob(&generator)
            let line = writtenLine {
                MessageEncoder.notify(
                    jobID: job.id,
                    job: job,
                    coinbase1: job.coinbase1,
                    ntime: job.ntime,
                    cleanJobs: job.cleanJobs,
                    into: &$0
                )
            }
            guard case .notification(.notify(let again), .null) = try PoolMessage.decode(line), again == job else {
                Issue.record("seed \(seed), round \(round): \(String(buffer: line))")
                continue
            }
            #expect(try JSONValue(parsing: line).object?["params"]?.array?.count == 9)
        }
    }

    @Test func sharesReadBackExactly() throws {
        let seed: UInt64 = 0x5EED_0003
        var generator = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let user = String(
                (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                    ["a", "Z", ".", "\"", "\\", "/", "é", "😀", "\u{01}", "\n"].randomElement(using: &generator) ?? "x"
                }
            )
            let piece = Self.randomBytes(0...8, &generator)
            let submission = Submission(
                user: line(user),
                jobID: line("1f"),
                found: FoundNonce(
                    extranonce2: try #require(Extranonce2(bytes: piece + (piece.isEmpty ? [0] : []))),
                    ntime: .random(in: 0...(.max), using: &generator),
                    nonce: .random(in: 0...(.max), using: &generator),
                    versionBits: Bool.random(using: &generator) ? .random(in: 0...(.max), using: &generator) : nil
                )
            )
            let text = writtenLine {
                MessageEncoder.submit(
                    id: round,
                    user: user,
                    share: PoolShare(jobID: "1f", found: submission.found),
                    into: &$0
                )
            }
            guard case .request(.integer, .submit(let again)) = try MinerMessage.decode(text), again == submission
            else {
                Issue.record("seed \(seed), round \(round): \(String(buffer: text))")
                continue
            }
        }
    }

    private static func randomBytes(_ count: ClosedRange<Int>, _ generator: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: count, using: &generator)).map { _ in .random(in: 0...255, using: &generator) }
    }

    private static func randomJob(_ generator: inout SeededGenerator) -> Job {
        let branchCount = Int.random(in: 0...4, using: &generator)
        return Job(
            id: String(UInt64.random(in: 0...(.max), using: &generator), radix: 16),
            previousHash: self.randomBytes(32...32, &generator),
            coinbase1: self.randomBytes(0...100, &generator),
            coinbase2: self.randomBytes(0...100, &generator),
            merkleBranches: self.randomBytes((branchCount * 32)...(branchCount * 32), &generator),
            version: .random(in: 0...(.max), using: &generator),
            nbits: .random(in: 0...(.max), using: &generator),
            ntime: .random(in: 0...(.max), using: &generator),
            cleanJobs: .random(using: &generator)
        )
    }
}

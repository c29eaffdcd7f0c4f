import NIOCore
import Stratum
import Testing

@Suite struct EquihashMinerDialogueTests {
    private static let job: [JSONValue] = [
        .string("j"), .string("04000000"), .string(String(repeating: "11", count: 32)),
        .string(String(repeating: "22", count: 32)), .string(String(repeating: "00", count: 32)),
        .string("c0ffee5a"), .string("ffff071f"), .bool(true),
    ]

    private static func session() throws -> EquihashSession {
        EquihashSession(try EquihashDialect(), base: [1, 2, 3, 4], prefix: [0xAB, 0xCD])
    }

    @Test(
        arguments: [
            (#"["nheqminer/0.5c", null,"127.0.0.1","19586"]"#, "nheqminer/0.5c", nil),
            (#"["agent/1.0","5f5f","host",3333]"#, "agent/1.0", "5f5f"),
            (#"["agent/1.0","5555","host",3333]"#, "agent/1.0", "5555"),
            (#"["host",5555,"agent","NULL"]"#, "agent", nil),
            (#"["host","5555","agent","5f5f"]"#, "agent", "5f5f"),
            (#"["agent/1.0",""]"#, "agent/1.0", nil), (#"["agent/1.0"]"#, "agent/1.0", nil),
            ("[]", "", nil), ("null", "", nil), (#"[1,2,3,4]"#, "", nil),
        ] as [(String, String, String?)])
    func subscriptionsOfAllShapesAreUnderstood(params: String, userAgent: String, sessionID: String?) throws {
        var session = try Self.session()
        let step = try session.receive(#"{"id":7,"method":"mining.subscribe","params":\#(params)}"#)
        guard case .subscribe(.integer(7), userAgent, sessionID) = step else {
            Issue.record("\(String(describing: step))")
            return
        }
        session.miner.subscribed(session.grant, request: .integer(7), sessionID: "5f5f", into: &session.output)
        #expect(String(buffer: session.output) == #"{"id":7,"result":["5f5f","01020304abcd"],"error":null}"# + "\n")
    }

    @Test func aSecondSubscriptionIsRefused() throws {
        var session = try Self.session()
        _ = try session.subscribe()
        session.output = ByteBuffer()
        #expect(try session.receive(#"{"id":2,"method":"mining.subscribe","params":[]}"#) == nil)
        #expect(String(buffer: session.output).contains("[20,"))
    }

    @Test func refusalsHaveTheCodesOfTheProtocol() throws {
        let session = try Self.session()
        for code in 20...25 {
            let reply = written {
                session.miner.answer(.refused(Rejection(code: code, message: "no")), to: .integer(9), into: &$0)
            }
            #expect(reply == "{\"id\":9,\"result\":null,\"error\":[\(code),\"no\",null]}\n")
        }
        let unauthorized = written { buffer in
            var miner = session.miner
            miner.authorized(false, request: .integer(9), into: &buffer)
        }
        #expect(unauthorized.contains("[24,"))
    }

    @Test func aSubmitBeforeTheSubscriptionSaysSo() throws {
        var session = try Self.session()
        guard
            case .malformedSubmit(.integer(3), let rejection) = try session.receive(
                #"{"id":3,"method":"mining.submit","params":[]}"#)
        else {
            Issue.record("not refused")
            return
        }
        #expect(rejection.code == 25)
    }

    private static let nonce2 = String(repeating: "00", count: 26)

    @Test(arguments: [
        #"["w","1","c0ffee5a","00"]"#, #"["","1","c0ffee5a","00","2401"]"#, #"["w","","c0ffee5a","00","2401"]"#,
        #"["w","1","c0ffee5","00","2401"]"#, #"["w","1","c0ffee5a0","00","2401"]"#,
        #"["w","1","0xffee5a","00","2401"]"#,
        #"["w","1",1,"00","2401"]"#, #"["w","1","c0ffee5a","0","2401"]"#, #"["w","1","c0ffee5a","0g","2401"]"#,
        #"["w","1","c0ffee5a","\#(String(repeating: "00", count: 33))","2401"]"#, #"["w","1","c0ffee5a","00",""]"#,
        #"["w","1","c0ffee5a","00","240"]"#, #"["w","1","c0ffee5a","00","24zz"]"#, #"["w","1","c0ffee5a","00",null]"#,
        #"["w","1","c0ffee5a","00","\#(String(repeating: "00", count: 2049))"]"#, #"{"a":1}"#, "null",
    ])
    func whatCannotBeAShareIsRefused(params: String) throws {
        var session = try Self.session()
        _ = try session.subscribe()
        session.output = ByteBuffer()
        guard
            case .malformedSubmit(.integer(3), let rejection) = try session.receive(
                "{\"id\":3,\"method\":\"mining.submit\",\"params\":\(params)}")
        else {
            Issue.record("\(params)")
            return
        }
        #expect(rejection.code == 20 && rejection.kind == .malformed || rejection.message.hasPrefix("No "))
        #expect(session.output.readableBytes == 0)
    }

    @Test func theTimeOfAShareIsSecondsAndItsProofWhatWasSent() throws {
        var session = try Self.session()
        let submission = try session.submission([
            .string("w"), .string("1"), .string("C0FFEE5A"), .string("00Ff"), .string("24aB"),
        ])
        #expect(submission.found.ntime == 0x5AEE_FFC0)
        #expect(submission.found.extranonce2.bytes == [0, 0xFF])
        #expect(submission.found.proof == ByteBuffer(bytes: [0x24, 0xAB]))
    }

    @Test(arguments: [
        ("c0ffee5a", "fd4005", 1344, 26, "Invalid solution"), ("c0ffee5a", "fd4005", 1343, 26, "Incorrect size"),
        ("c0ffee5a", "fd4006", 1344, 26, "Incorrect size"), ("c0ffee5a", "64", 100, 26, "Incorrect size"),
        ("bfffee5a", "fd4005", 1344, 26, "Ntime"), ("ffffffff", "fd4005", 1344, 26, "Ntime"),
        ("c0ffee5a", "fd4005", 1344, 27, "Invalid nonce2"), ("c0ffee5a", "fd4005", 1344, 28, "Invalid nonce2"),
    ])
    func aShareOfImpossibleFormIsMalformed(time: String, prefix: String, count: Int, nonce2: Int, reason: String) throws
    {
        var link = try EquihashLink()
        link.open(nonce1: "01020304")
        let job = try link.job(Self.job)
        let work = try link.issue(job, jobID: "1")
        var session = try Self.session()
        let submission = try session.submission([
            .string("w"), .string("1"), .string(time), .string(String(repeating: "00", count: nonce2)),
            .string(prefix + String(repeating: "00", count: count)),
        ])
        guard case .malformed(let rejection) = session.judge(submission, work, job) else {
            Issue.record("\(reason)")
            return
        }
        #expect(rejection.code == 20 && rejection.kind == .malformed && rejection.message.hasPrefix(reason))
    }

    // MARK: Targets and nonces

    @Test func theTargetIsSentOnlyWhenTheMinerHasAnother() throws {
        var link = try EquihashLink()
        link.open(nonce1: "01020304")
        let job = try link.job(target: "0007" + String(repeating: "f", count: 59) + "e", Self.job)
        let work = try link.issue(job, jobID: "1")
        var session = try Self.session()
        func methods(_ lines: [String]) throws -> [String?] { try lines.map { try object($0)["method"]?.string } }
        let both = ["mining.set_target", "mining.notify"]
        #expect(try methods(session.deliver(work, job)) == both)
        #expect(try methods(session.deliver(work, job)) == ["mining.notify"])
        #expect(try methods(session.deliver(work, job, difficulty: 0.5, isNew: true)) == both)
        // The same difficulty as a double, another target.
        let other = try link.job(target: "0007" + String(repeating: "f", count: 59) + "d", Self.job)
        #expect(other.difficulty == job.difficulty)
        _ = session.deliver(work, job)
        #expect(try methods(session.deliver(try link.issue(other, jobID: "2"), other)) == both)
        // After a new nonce the target is sent again, and the job is clean.
        session.output = ByteBuffer()
        session.miner.changeNonce(
            NonceGrant(space: 0, prefix: [9, 9], layout: EquihashNonce.layout, base: [8]), into: &session.output
        )
        #expect(
            String(buffer: session.output)
                == #"{"id":null,"method":"mining.set_extranonce","params":["080909"]}"# + "\n")
        #expect(try methods(session.deliver(try link.issue(other, jobID: "2"), other)) == both)
    }

    @Test func anEasierTargetThanThePoolsIsNeverHarder() throws {
        var link = try EquihashLink()
        link.open(nonce1: "01020304")
        let target = "0000" + String(repeating: "37", count: 30)
        let job = try link.job(target: target, Self.job)
        let work = try #require(job.work as? EquihashWork)
        #expect(work.target(difficulty: job.difficulty, poolDifficulty: job.difficulty).value.displayHex == target)
        let below = work.target(difficulty: job.difficulty.nextDown, poolDifficulty: job.difficulty)
        #expect(below.value >= work.target.value)
    }

    @Test func onlyAMinerThatSubscribedToThemIsSentNonces() throws {
        var session = try Self.session()
        #expect(session.miner.followsPool && !session.miner.canChangeNonce)
        #expect(try session.receive(#"{"id":3,"method":"mining.extranonce.subscribe","params":[]}"#) == nil)
        #expect(String(buffer: session.output) == #"{"id":3,"result":true,"error":null}"# + "\n")
        #expect(session.miner.canChangeNonce)
        #expect(
            written { buffer in session.miner.reconnect(into: &buffer) }
                == #"{"id":null,"method":"client.reconnect","params":[]}"# + "\n")
    }

    @Test func aSuggestedTargetIsADifficulty() throws {
        var session = try Self.session()
        let target = "0000" + String(repeating: "f", count: 60)
        guard
            case .suggestDifficulty(8) = try session.receive(
                "{\"id\":5,\"method\":\"mining.suggest_target\",\"params\":[\"\(target)\"]}"),
            case .suggestDifficulty(2.5) = try session.receive(
                #"{"id":null,"method":"mining.suggest_difficulty","params":[2.5]}"#)
        else {
            Issue.record("not understood")
            return
        }
        // The notification is not answered.
        #expect(String(buffer: session.output) == #"{"id":5,"result":true,"error":null}"# + "\n")
        let zero = String(repeating: "0", count: 64)
        session.output = ByteBuffer()
        #expect(try session.receive("{\"id\":6,\"method\":\"mining.suggest_target\",\"params\":[\"\(zero)\"]}") == nil)
        #expect(String(buffer: session.output).contains("[20,"))
    }

    @Test func whatNoMinerOfEquihashSaysIsUnknown() throws {
        var session = try Self.session()
        guard
            case .unknown(.integer(1), "mining.configure") = try session.receive(
                #"{"id":1,"method":"mining.configure","params":[[],{}]}"#),
            case .unknown(.integer(2), "eth_submitLogin") = try session.receive(
                #"{"id":2,"method":"eth_submitLogin","params":[]}"#)
        else {
            Issue.record("known")
            return
        }
        #expect(session.output.readableBytes == 0)
    }
}

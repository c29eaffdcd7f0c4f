import NIOCore
import Stratum
import Testing

@Suite struct EquihashPoolDialogueTests {
    private static func notify(version: String = "04000000", id: String = "j") -> String {
        let field = String(repeating: "11", count: 32)
        return
            #"{"id":null,"method":"mining.notify","params":["\#(id)","\#(version)","\#(field)","\#(field)","\#(field)","#
            + #""c0ffee5a","ffff071f",true]}"#
    }

    private static func openLink(_ nonce1: String = "0a0b0c0d") throws -> EquihashLink {
        var link = try EquihashLink()
        link.open(nonce1: nonce1)
        link.output = ByteBuffer()
        return link
    }

    @Test(
        arguments: [
            (#"["sess1","0a0b0c0d"]"#, "0a0b0c0d", "sess1"), (#"[null,"0a0b0c0d"]"#, "0a0b0c0d", nil),
            (#"["","0a0b0c0d",28]"#, "0a0b0c0d", nil), (#"["abcd","0a0b",30]"#, "0a0b", "abcd"),
            (#"[[["mining.set_difficulty","5f"],["mining.notify","5f"]],"0a0b0c",29]"#, "0a0b0c", "5f"),
            (#"["0a0b0c0d"]"#, "0a0b0c0d", nil), (#"[null,null,"0a0b"]"#, "0a0b", nil), (#"["s",""]"#, "", "s"),
        ] as [(String, String, String?)])
    func nonce1IsFoundInEveryShape(result: String, nonce1: String, sessionID: String?) throws {
        var link = try EquihashLink()
        _ = link.pool.connected(now: EquihashLink.start, into: &link.output)
        link.output = ByteBuffer()
        guard case .subscribed(let terms) = link.receive(#"{"id":1,"result":\#(result),"error":null}"#) else {
            Issue.record("\(result)")
            return
        }
        let count = nonce1.utf8.count / 2
        #expect(terms == PoolTerms(room: 2, summary: "nonce \(count) + \(32 - count) bytes"))
        #expect(link.pool.sessionID == sessionID)
        #expect(String(buffer: link.output).contains(#""mining.authorize","params":["t1.w","x"]"#))
        _ = link.receive(#"{"id":2,"result":true,"error":null}"#)
        guard case .ready(let job) = link.receive(Self.notify()) else {
            Issue.record("\(result)")
            return
        }
        #expect(job.base == bytes(nonce1))
        // ZIP 301 has a pool send its target first; this one has not.
        #expect(job.difficulty == 1)
    }

    @Test(arguments: [
        #"null,"error":[25,"Not subscribed",null]"#, #"["s"],"error":null"#, #"[],"error":null"#, #"true,"error":null"#,
        #"["s","0g"],"error":null"#, #"["s","\#(String(repeating: "00", count: 33))"],"error":null"#,
    ])
    func aSubscriptionWithoutANonceFails(result: String) throws {
        var link = try EquihashLink()
        _ = link.pool.connected(now: EquihashLink.start, into: &link.output)
        guard case .failed(let failure) = link.receive(#"{"id":1,"result":\#(result)}"#) else {
            Issue.record("\(result)")
            return
        }
        #expect(failure.kind == .subscribeRefused)
    }

    @Test func aJobHasTheTargetAndTheNonceThatWereInForce() throws {
        var link = try Self.openLink()
        _ = link.receive(
            #"{"id":null,"method":"mining.set_target","params":["0000\#(String(repeating: "f", count: 60))"]}"#)
        guard case .ready(let first) = link.receive(Self.notify()) else {
            Issue.record("no job")
            return
        }
        #expect(first.difficulty == 8 && first.base == bytes("0a0b0c0d"))
        _ = link.receive(#"{"id":null,"method":"mining.set_extranonce","params":["ffee"]}"#)
        _ = link.receive(#"{"id":null,"method":"mining.set_difficulty","params":[77]}"#)
        guard case .job(let second) = link.receive(Self.notify(id: "k")) else {
            Issue.record("no job")
            return
        }
        #expect(second.difficulty == 8 && second.base == bytes("ffee"))
        #expect(!second.work.isSameSearch(as: first.work) && second.work.isNews(after: first.work))
        #expect(second.work.block == first.work.block)
    }

    @Test func aJobOfAnotherVersionIsReportedAndIgnored() throws {
        var link = try Self.openLink()
        guard case .overstepped = link.receive(Self.notify(version: "05000000")) else {
            Issue.record("taken")
            return
        }
        #expect(!link.pool.isReady)
        guard case .ready = link.receive(Self.notify()) else {
            Issue.record("not taken")
            return
        }
    }

    @Test func aJobBeforeTheAuthorisationIsHeld() throws {
        var link = try EquihashLink()
        _ = link.pool.connected(now: EquihashLink.start, into: &link.output)
        _ = link.receive(#"{"id":1,"result":["s","0a0b"],"error":null}"#)
        #expect(link.receive(Self.notify()) == nil)
        guard case .ready(let job) = link.receive(#"{"id":2,"result":true,"error":null}"#) else {
            Issue.record("not ready")
            return
        }
        #expect(job.work.id == "j" && link.pool.isReady)
    }

    @Test func withoutAUserItWaitsForOne() throws {
        var link = try EquihashLink(user: nil)
        _ = link.pool.connected(now: EquihashLink.start, into: &link.output)
        _ = link.receive(#"{"id":1,"result":["s","0a0b"],"error":null}"#)
        #expect(link.pool.tick(now: EquihashLink.start + .hours(1), into: &link.output) == nil)
        link.output = ByteBuffer()
        link.pool.authorize(user: "u", password: "p", now: EquihashLink.start, into: &link.output)
        #expect(String(buffer: link.output) == #"{"id":2,"method":"mining.authorize","params":["u","p"]}"# + "\n")
        guard case .failed(let failure) = link.receive(#"{"id":2,"result":false,"error":[24,"no",null]}"#) else {
            Issue.record("authorised")
            return
        }
        #expect(failure.kind == .authorizationRefused)
    }

    @Test func everyStepOfTheHandshakeHasADeadline() throws {
        var link = try EquihashLink()
        _ = link.pool.connected(now: EquihashLink.start, into: &link.output)
        #expect(link.pool.tick(now: EquihashLink.start + .seconds(9), into: &link.output) == nil)
        guard case .failed(let failure) = link.pool.tick(now: EquihashLink.start + .seconds(10), into: &link.output)
        else {
            Issue.record("no deadline")
            return
        }
        #expect(failure.kind == .handshakeTimeout && failure.detail.contains("subscribing"))
    }

    @Test func verdictsHaveThePoolsOwnCode() throws {
        var link = try Self.openLink()
        _ = link.receive(Self.notify())
        let share = PoolShare(jobID: "j", prefix: [1, 2], found: FoundNonce(ntime: 1))
        let sent = link.pool.submit(share, user: "u", into: &link.output)
        let request = try #require(sent)
        #expect(String(buffer: link.output).contains(#"["u","j","01000000","0102",""]"#))
        guard
            case .verdict(request, .rejected(let rejection)) = link.receive(
                #"{"id":\#(request),"result":false,"error":[23,"low difficulty share",null]}"#)
        else {
            Issue.record("no verdict")
            return
        }
        #expect(rejection.code == 23 && rejection.kind == .lowDifficulty)
    }

    @Test func whatIsAskedOfEveryClientIsAnswered() throws {
        var link = try Self.openLink()
        _ = link.receive(#"{"id":5,"method":"client.get_version","params":[]}"#)
        _ = link.receive(#"{"id":6,"method":"mining.ping","params":[]}"#)
        #expect(
            String(buffer: link.output)
                == #"{"id":5,"result":"router/1","error":null}"# + "\n" + #"{"id":6,"result":"pong","error":null}"#
                + "\n")
        guard
            case .reconnectRequested("h", 5, nil) = link.receive(
                #"{"id":null,"method":"client.reconnect","params":["h",5]}"#),
            case .messageShown("hi") = link.receive(#"{"id":null,"method":"client.show_message","params":["hi"]}"#)
        else {
            Issue.record("not understood")
            return
        }
    }

    @Test func aJobThatIsNoneEndsTheConnectionAndOtherNonsenseAfterAWhile() throws {
        var link = try Self.openLink()
        guard case .failed(let failure) = link.receive(#"{"method":"mining.notify","params":["j","04000000","00"]}"#)
        else {
            Issue.record("taken")
            return
        }
        #expect(failure.kind == .protocolViolation)
        link = try Self.openLink()
        for round in 1...5 {
            let zero = String(repeating: "0", count: 64)
            switch link.receive(#"{"method":"mining.set_target","params":["\#(zero)"]}"#) {
            case .overstepped: #expect(round < 5)
            case .failed: #expect(round == 5)
            default: Issue.record("taken")
            }
        }
        #expect(link.receive(Self.notify()) == nil)
    }

    @Test func aDifficultyIsSuggestedAsATarget() throws {
        let dialect = try EquihashDialect()
        var pool = dialect.makePoolDialogue(
            PoolDialogueSettings(
                user: "u", password: "p", userAgent: "a", sessionID: "old", suggestDifficulty: 8,
                handshakeTimeout: .seconds(1), questionTimeout: .seconds(1)
            )
        )
        var output = ByteBuffer()
        _ = pool.connected(now: EquihashLink.start, into: &output)
        #expect(try parameters(of: output) == [.string("a"), .string("old")])
        _ = pool.received(line(#"{"id":1,"result":["s","0a0b"]}"#), now: EquihashLink.start, into: &output)
        output = ByteBuffer()
        _ = pool.received(line(#"{"id":2,"result":true}"#), now: EquihashLink.start, into: &output)
        #expect(try parameters(of: output) == [.string("0000" + String(repeating: "f", count: 60))])
    }
}

import NIOCore
import Stratum
import Testing

/// The pool's half.
@Suite struct KHeavyHashPoolTests {
    @Test func wholeHandshake() throws {
        var pool = try PoolProbe()
        #expect(pool.connect() == #"{"id":1,"method":"mining.subscribe","params":["router/1.0"]}"# + "\n")
        #expect(
            pool.receive(#"{"id":1,"result":[true,"EthereumStratum/1.0.0"],"error":null}"#)
                == #"{"id":2,"method":"mining.authorize","params":["kaspa:w.rig","x"]}"# + "\n"
        )
        guard case .subscribed(let terms) = pool.event else {
            Issue.record("\(String(describing: pool.event))")
            return
        }
        #expect(terms.room == nil)
        _ = pool.receive(#"{"id":2,"result":true,"error":null}"#)
        #expect(pool.event == nil && !pool.dialogue.isReady)
        _ = pool.receive(#"{"id":null,"method":"mining.set_extranonce","params":["0029",6]}"#)
        _ = pool.receive(#"{"id":null,"method":"mining.set_difficulty","params":[4096.5]}"#)
        _ = pool.receive(PoolProbe.notify)
        #expect(pool.dialogue.isReady)
        let job = try #require(pool.job)
        #expect(job.work.id == "12" && job.work.isClean)
        #expect(job.difficulty == 4096.5 && job.base == [0x00, 0x29] && job.room == 1)
        // What changes now is for later jobs.
        _ = pool.receive(#"{"id":null,"method":"set_extranonce","params":["07"]}"#)
        #expect(pool.event == nil)
        _ = pool.receive(PoolProbe.notify.replacing("12", with: "13"))
        let next = try #require(pool.job)
        #expect(next.base == [0x07] && next.room == 2 && !next.work.isClean)
        #expect(next.work.block == job.work.block)
        #expect(!next.work.isSameSearch(as: job.work))
        _ = pool.pass(.hours(1))
        #expect(pool.event == nil)
    }

    @Test func connectionWithoutUserWaitsForOne() throws {
        var pool = try PoolProbe(user: nil)
        _ = pool.connect()
        #expect(pool.receive(#"{"id":1,"result":[true,"EthereumStratum/1.0.0"],"error":null}"#).isEmpty)
        _ = pool.pass(.hours(1))
        #expect(pool.failure == nil)
        #expect(pool.authorize("kaspa:w.rig").contains("mining.authorize"))
        // A pool may send the job before the reply.
        _ = pool.receive(PoolProbe.notify)
        #expect(pool.event == nil)
        _ = pool.receive(#"{"id":2,"result":true}"#)
        #expect(pool.job?.work.id == "12")
    }

    @Test func silenceAndRefusalsEndTheHandshake() throws {
        var pool = try PoolProbe()
        _ = pool.connect()
        _ = pool.pass(.seconds(9))
        #expect(pool.failure == nil)
        _ = pool.pass(.seconds(1))
        #expect(pool.failure?.kind == .handshakeTimeout)
        pool = try PoolProbe()
        _ = pool.connect()
        _ = pool.receive(#"{"id":1,"result":null,"error":[20,"full",null]}"#)
        #expect(pool.failure == LinkFailure(.subscribeRefused, "full"))
        pool = try PoolProbe()
        _ = pool.connect()
        _ = pool.receive(#"{"id":1,"result":true}"#)
        _ = pool.receive(#"{"id":2,"result":false,"error":[24,"who",null]}"#)
        #expect(pool.failure == LinkFailure(.authorizationRefused, "who"))
    }

    @Test func verdictsHaveTheNumberOfTheirShare() throws {
        var pool = try PoolProbe.ready()
        let job = try IssuedSample(try PoolProbe.sampleJob())
        let rest = try #require(Extranonce2(hex: "0102030405"))
        let share = PoolShare(
            jobID: "12", padding: job.issue.padding, prefix: [0xfe], found: FoundNonce(extranonce2: rest)
        )
        let sent = pool.submit(share)
        #expect(sent.request == 3)
        #expect(
            sent.text
                == #"{"id":3,"method":"mining.submit","params":["kaspa:w.rig","12","0x0029fe0102030405"]}"# + "\n"
        )
        _ = pool.receive(#"{"id":3,"result":null,"error":[21,"Job not found",null]}"#)
        #expect(pool.verdict == .rejected(Rejection(code: 21, message: "Job not found")))
        #expect(pool.submit(share).request == 4)
        _ = pool.receive(#"{"id":4,"result":true,"error":null}"#)
        #expect(pool.verdict == .accepted)
        var early = try PoolProbe()
        #expect(early.submit(share).request == nil)
    }

    @Test(arguments: [
        #"{"id":null,"method":"mining.notify","params":["1",[1,2,3],5]}"#,
        #"{"id":null,"method":"mining.notify","params":["1",[1,2,3,18446744073709551616],5]}"#,
        #"{"id":null,"method":"mining.notify","params":["1",[1,2,3,-4],5]}"#,
        #"{"id":null,"method":"mining.notify","params":["1",[1,2,3,4.0],5]}"#,
        #"{"id":null,"method":"mining.notify","params":["1",[1,2,3,4]]}"#,
        #"{"id":null,"method":"mining.notify"}"#,
        #"{"id":null,"method":"set_extranonce","params":["002"]}"#,
        #"{"id":null,"method":"set_extranonce","params":["0011223344556677"]}"#,
        #"{"id":null,"method":"mining.set_difficulty","params":[0]}"#,
        #"{"id":null,"method":"mining.set_difficulty","params":[1e300]}"#,
        "{", "[]",
    ])
    func nonsenseIsSurvivedOnceAndNotForever(line: String) throws {
        var pool = try PoolProbe.ready()
        for _ in 0..<4 {
            _ = pool.receive(line)
            #expect(pool.isOverstepped)
        }
        _ = pool.receive(line)
        #expect(pool.failure?.kind == .protocolViolation)
        _ = pool.receive(PoolProbe.notify)
        #expect(pool.event == nil)
    }

    /// Or the prefixes of miners that left would never be given out again.
    @Test func nowAndThenAJobIsClean() throws {
        var pool = try PoolProbe.ready()
        var clean: [Int] = []
        for number in 1...1100 {
            _ = pool.receive(PoolProbe.notify.replacing("[1,", with: "[\(number),"))
            if try #require(pool.job).work.isClean { clean.append(number) }
        }
        #expect(clean == [512, 1024])
    }
}

extension PoolProbe {
    /// A job under an extranonce.
    static func sampleJob(extranonce: String = "0029", notify: String = Self.notify) throws -> UpstreamJob {
        try #require(try self.ready(extranonce: extranonce, notify: notify).job)
    }
}

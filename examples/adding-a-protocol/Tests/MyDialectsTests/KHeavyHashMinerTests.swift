import MyDialects
import NIOCore
import Stratum
import Testing

/// The miner's half.
@Suite struct KHeavyHashMinerTests {
    private static let grant = NonceGrant(
        space: 0, prefix: [0xfe], layout: NonceLayout(total: 1), base: [0x00, 0x29]
    )
    private static let yes = #","result":true,"error":null}"# + "\n"

    @Test func wholeConversation() throws {
        var miner = try MinerProbe(["extranonce_method": "mining.set_extranonce"])
        #expect(try miner.send(#"{"id":1,"method":"mining.subscribe","params":["BzMiner-v13"]}"#).isEmpty)
        guard case .subscribe(.integer(1), "BzMiner-v13", nil) = miner.step else {
            Issue.record("\(String(describing: miner.step))")
            return
        }
        #expect(
            miner.write { $0.subscribed(Self.grant, request: .integer(1), sessionID: "5f", into: &$1) }
                == #"{"id":1,"result":[true,"EthereumStratum/1.0.0"],"error":null}"# + "\n"
        )
        #expect(try miner.send(#"{"id":2,"method":"mining.authorize","params":["kaspa:w.rig","x"]}"#).isEmpty)
        guard case .authorize(.integer(2), "kaspa:w.rig", "x") = miner.step else {
            Issue.record("\(String(describing: miner.step))")
            return
        }
        #expect(
            miner.write { $0.authorized(true, request: .integer(2), into: &$1) }
                == #"{"id":2"# + Self.yes
                + #"{"id":null,"method":"mining.set_extranonce","params":["0029fe"]}"# + "\n"
        )
        // Numbers beyond 2⁶³ come out as they came in.
        let notify = PoolProbe.notify.replacing("[1,2,3,4]", with: "[18446744073709551615,9223372036854775809,0,4]")
        let job = try IssuedSample(try PoolProbe.sampleJob(notify: notify))
        let told =
            #"{"id":null,"method":"mining.notify","params":["a1",[18446744073709551615,9223372036854775809,0,4],"#
            + "1800000000123]}\n"
        #expect(
            miner.deliver(job, Self.grant)
                == #"{"id":null,"method":"mining.set_difficulty","params":[1]}"# + "\n" + told
        )
        // What the miner knows is not said again.
        #expect(miner.deliver(job, Self.grant) == told)
        #expect(miner.write { $0.answer(.accepted, to: .integer(9), into: &$1) } == #"{"id":9"# + Self.yes)
        #expect(
            miner.write { $0.answer(.refused(Rejection(code: 21, message: "no")), to: .token("\"x\""), into: &$1) }
                == #"{"id":"x","result":null,"error":[21,"no",null]}"# + "\n"
        )
    }

    @Test func nonceMayBeWholeOrNot() throws {
        var miner = try MinerProbe()
        try miner.enter(Self.grant)
        let job = try IssuedSample(try PoolProbe.sampleJob())
        let whole = try miner.submit("0x0029fe0000030405", job, Self.grant)
        #expect(whole?.key?.words[0] == 0x0029_fe00_0003_0405)
        for nonce in ["0000030405", "0x0000030405", "30405", "0029FE0000030405"] {
            #expect(try miner.submit(nonce, job, Self.grant)?.key == whole?.key, "\(nonce)")
        }
        // Another miner's part of the nonces.
        let foreign = try miner.submit("0x0029ff0000030405", job, Self.grant)
        #expect(foreign?.rejection != nil)
        for nonce in ["", "0x", "00000304051", "0x0029fe00000304050", "zz"] {
            #expect(try miner.submit(nonce, job, Self.grant) == nil, "\(nonce)")
            #expect(miner.step?.malformed != nil, "\(nonce)")
        }
    }

    /// Shares for the job before a move are still good, under the extranonce of that job.
    @Test func moveToAnotherPool() throws {
        var miner = try MinerProbe()
        try miner.enter(Self.grant)
        let old = try IssuedSample(try PoolProbe.sampleJob())
        _ = miner.deliver(old, Self.grant)
        var moved = Self.grant
        moved.base = [0x07]
        #expect(miner.dialogue.followsPool && miner.dialogue.canChangeNonce)
        #expect(
            miner.write { $0.changeNonce(moved, into: &$1) }
                == #"{"id":null,"method":"set_extranonce","params":["07fe"]}"# + "\n"
        )
        let new = try IssuedSample(try PoolProbe.sampleJob(extranonce: "07"))
        #expect(try objects(miner.deliver(new, moved)).map { $0["method"]?.string } == ["mining.notify"])
        #expect(try miner.submit("0x07fe000000000001", new, moved)?.key?.words[0] == 0x07fe_0000_0000_0001)
        #expect(try miner.submit("0x0029fe0000000001", old, Self.grant)?.key?.words[0] == 0x0029_fe00_0000_0001)
        // New nonces for the old job and the other way round are nobody's.
        #expect(try miner.submit("0x07fe000000000001", old, Self.grant)?.rejection != nil)
        #expect(try miner.submit("0x0029fe0000000001", new, moved)?.rejection != nil)
    }

    /// What fits in length need not fit: the pool would get a nonce that nobody hashed.
    @Test func wholeNonceMustBeThatOfTheJob() throws {
        var miner = try MinerProbe()
        try miner.enter(Self.grant)
        let old = try IssuedSample(try PoolProbe.sampleJob())
        var moved = Self.grant
        moved.base = [0x00, 0x30]
        _ = miner.write { $0.changeNonce(moved, into: &$1) }
        let new = try IssuedSample(try PoolProbe.sampleJob(extranonce: "0030"))
        #expect(try miner.submit("0x0029fe0000000001", old, Self.grant)?.key != nil)
        #expect(try miner.submit("0x0030fe0000000001", old, Self.grant)?.rejection?.kind == .malformed)
        #expect(try miner.submit("0x0030fe0000000001", new, moved)?.key != nil)
        #expect(try miner.submit("0x0029fe0000000001", new, moved)?.rejection?.kind == .malformed)
        // A grant that is not the job's is for no job.
        #expect(try miner.submit("0x0029fe0000000001", new, Self.grant)?.rejection?.kind == .stale)
    }

    @Test func secondSubscriptionAndUnknownRequests() throws {
        var miner = try MinerProbe()
        try miner.enter(Self.grant)
        #expect(try miner.send(#"{"id":4,"method":"mining.subscribe","params":[]}"#).contains("Already subscribed"))
        #expect(miner.step == nil)
        _ = try miner.send(#"{"id":8,"method":"mining.configure","params":[]}"#)
        guard case .unknown(.integer(8), "mining.configure") = miner.step else {
            Issue.record("\(String(describing: miner.step))")
            return
        }
        #expect(miner.write { $0.authorized(false, request: .integer(2), into: &$1) }.contains("[24,"))
    }

    @Test func optionsAndLayouts() throws {
        let error = #expect(throws: DialectOptionError.self) {
            try KHeavyHashDialect(DialectOptions(["extranonce_method": "other"]))
        }
        #expect(error?.option == "extranonce_method")
        let dialect = try KHeavyHashDialect(DialectOptions())
        #expect([[2, 1], [2], [5], [0, 2]].map { dialect.layout(rooms: $0)?.total } == [1, 2, 2, 2])
        #expect(dialect.layout(rooms: [0]) == nil && dialect.layout(rooms: []) == nil)
        let rooms = try ["", "00", "0011", "001122", "00112233"].map { try PoolProbe.sampleJob(extranonce: $0).room }
        #expect(rooms == [2, 2, 1, 0, 0])
        let miner = try MinerProbe()
        #expect(miner.dialogue.prefixes(layout: NonceLayout(total: 1)) == PrefixRange(count: 1, values: 0...0xff))
        #expect(miner.dialogue.prefixes(layout: NonceLayout(total: 2)) == PrefixRange(count: 2, values: 0...0xffff))
    }
}

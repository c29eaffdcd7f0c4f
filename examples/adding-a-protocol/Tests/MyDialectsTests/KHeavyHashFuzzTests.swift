import NIOCore
import Stratum
import Testing

/// Whatever bytes come, the conversations go on or end in order.
@Suite struct KHeavyHashFuzzTests {
    private static let minerLines = [
        #"{"id":1,"method":"mining.subscribe","params":["BzMiner-v13","EthereumStratum/1.0.0"]}"#,
        #"{"id":2,"method":"mining.authorize","params":["kaspa:w.rig","x"]}"#,
        #"{"id":9,"method":"mining.submit","params":["kaspa:w.rig","a1","0x0029fe0000030405"]}"#,
        #"{"id":"x","method":"mining.submit","params":["kaspa:w.rig","a1","30405"]}"#,
    ].map { Array($0.utf8) }

    private static let poolLines = [
        #"{"id":1,"result":[true,"EthereumStratum/1.0.0"],"error":null}"#,
        #"{"id":2,"result":true,"error":null}"#, #"{"id":3,"result":null,"error":[21,"Job not found",null]}"#,
        #"{"id":null,"method":"set_extranonce","params":["0029"]}"#,
        #"{"id":null,"method":"mining.set_extranonce","params":["",8]}"#,
        #"{"id":null,"method":"mining.set_difficulty","params":[4096.5]}"#,
        #"{"id":7,"method":"mining.notify","params":["12",[18446744073709551615,2,3,4],1800000000123]}"#,
    ].map { Array($0.utf8) }

    private static let fragments = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "-", "0", "e", ".", "\\ud83d", "0x", "1e999",
        "18446744073709551616", "\"params\":[", "-1", "ffffffffffffffff", "\u{00}",
    ].map { Array($0.utf8) }

    private static func mutate(_ lines: [[UInt8]], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = lines.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let start = Int.random(in: 0...bytes.count, using: &generator)
            let end = Int.random(in: start...min(start + 12, bytes.count), using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes.removeSubrange(start..<end)
            case 1: bytes.replaceSubrange(start..<end, with: Self.fragments.randomElement(using: &generator) ?? [])
            case 2: bytes.insert(contentsOf: bytes[start..<end], at: start)
            default: bytes.insert(.random(in: 11...255, using: &generator), at: start)
            }
        }
        return bytes
    }

    /// Plays the router's part. A submit has exactly one reply, with its id.
    @Test(arguments: [0xFA_0001, 0xFA_0002, 0xFA_0003] as [UInt64])
    func minersMaySendAnything(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let grant = NonceGrant(space: 0, prefix: [0xfe], layout: NonceLayout(total: 1), base: [0x00, 0x29])
        let job = try IssuedSample(try PoolProbe.sampleJob())
        for round in 0..<300 {
            var miner = try MinerProbe()
            for step in 0..<20 {
                let bytes = Self.mutate(Self.minerLines, &generator)
                let comment: Comment = "seed \(seed), round \(round).\(step): \(String(decoding: bytes, as: UTF8.self))"
                var output = ByteBuffer()
                let answer: MinerStep?
                do {
                    answer = try miner.dialogue.received(
                        ByteBuffer(bytes: bytes), in: MinerSurroundings(commonMask: 0, entryMask: 0), into: &output
                    )
                } catch {
                    #expect(output.readableBytes == 0, comment)
                    continue
                }
                switch answer {
                case .subscribe(let request, _, _):
                    miner.dialogue.subscribed(grant, request: request, sessionID: "s", into: &output)
                case .authorize(let request, _, _):
                    miner.dialogue.authorized(true, request: request, into: &output)
                case .submit(let request, let submission):
                    if miner.judge(submission, job, grant).key != nil {
                        #expect(submission.found.extranonce2.count == 5, comment)
                    }
                    miner.dialogue.answer(.accepted, to: request, into: &output)
                    #expect(try objects(String(buffer: output)).count == 1, comment)
                case .malformedSubmit(let request, let rejection):
                    miner.dialogue.answer(.refused(rejection), to: request, into: &output)
                    #expect(try objects(String(buffer: output)).count == 1, comment)
                default:
                    break
                }
                if Bool.random(using: &generator) { _ = try objects(miner.deliver(job, grant)) }
            }
        }
    }

    @Test(arguments: [0xFB_0001, 0xFB_0002, 0xFB_0003] as [UInt64])
    func poolsMaySendAnything(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<300 {
            var pool = try PoolProbe(user: Bool.random(using: &generator) ? "u.r" : nil)
            _ = pool.connect()
            for step in 0..<20 {
                let bytes = Self.mutate(Self.poolLines, &generator)
                let comment: Comment = "seed \(seed), round \(round).\(step): \(String(decoding: bytes, as: UTF8.self))"
                var output = ByteBuffer()
                pool.event = pool.dialogue.received(ByteBuffer(bytes: bytes), now: pool.now, into: &output)
                if let job = pool.job {
                    #expect(job.difficulty > 0 && job.difficulty.isFinite, comment)
                    #expect(job.base.count + job.room <= 7 && (0...2).contains(job.room), comment)
                    #expect(try IssuedSample(job).issue.padding == job.base, comment)
                }
                output.writeString(pool.authorize("u.r"))
                output.writeString(pool.submit(PoolShare(jobID: "1")).text)
                output.writeString(pool.pass(.seconds(.random(in: 0...3, using: &generator))))
                _ = try objects(String(buffer: output))
            }
        }
    }
}

import NIOCore
import Stratum
import Testing

/// What must hold for every session, share and job: sessions never search the same, and miner, router and pool hash the
/// same bytes.
@Suite struct EquihashInvariantTests {
    /// A pool's job as the texts that it sent.
    private struct Announced {
        let params: [JSONValue]
        let job: UpstreamJob
        let work: any IssuedWork
        /// As the miners know it.
        let jobID: String
    }

    private static func hexText(_ count: Int, _ generator: inout SeededGenerator) -> String {
        hex((0..<count).map { _ in .random(in: 0...255, using: &generator) })
    }

    /// The hash of what is sent for a share, from texts alone. The length of the solution has two digits.
    private static func hash(_ notify: [JSONValue], nonce1: String, _ submit: [JSONValue]) throws -> Hash256 {
        let text = { (params: [JSONValue], index: Int) in params.value(at: index).string ?? "" }
        let start = (1...4).map { text(notify, $0) }.joined()
        let header = bytes(start + text(submit, 2) + text(notify, 6) + nonce1 + text(submit, 3))
        #expect(header.count == 140)
        let solution = bytes(String(text(submit, 4).dropFirst(2)))
        return try #require(EquihashSolution(bytes: solution, parameters: .regtest)).shareHash(header: header)
    }

    private static func announce(
        _ link: inout EquihashLink, _ count: Int, _ generator: inout SeededGenerator
    ) throws -> [Announced] {
        var announced: [Announced] = []
        for number in 0..<count {
            let params: [JSONValue] = [
                .string("p\(number)"), .string("04000000"), .string(self.hexText(32, &generator)),
                .string(self.hexText(32, &generator)), .string(self.hexText(32, &generator)), .string("c0ffee5a"),
                .string("0f0f0f20"), .bool(.random(using: &generator)),
            ]
            let job = try link.job(params)
            let first = try link.issue(job, jobID: "\(number)0")
            let again = try link.issue(job, jobID: "\(number)1", issuedBefore: 1, lastNtime: first.ntime)
            #expect(again.ntime > first.ntime)
            announced.append(Announced(params: params, job: job, work: first, jobID: "\(number)0"))
            announced.append(Announced(params: params, job: job, work: again, jobID: "\(number)1"))
        }
        return announced
    }

    @Test(arguments: [0xE901, 0xE902, 0xE903, 0xE904, 0xE905, 0xE906, 0xE907, 0xE908] as [UInt64])
    func minerRouterAndPoolHashTheSameAndNoTwoSharesAreOne(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let nonce1Count = seed == 0xE901 ? 0 : Int.random(in: 1...22, using: &generator)
        let nonce1 = Self.hexText(nonce1Count, &generator)
        var link = try EquihashLink(["parameters": "48,5", "validate": "off"])
        link.open(nonce1: nonce1)
        let announced = try Self.announce(&link, 3, &generator)
        let solutions = (0..<2).map { _ in "24" + Self.hexText(36, &generator) }
        var prefixes: Set<UInt64> = [0, 0xFFFF]
        while prefixes.count < 12 { prefixes.insert(.random(in: EquihashNonce.prefixes.values, using: &generator)) }

        /// What goes to the pool, and what it was made of.
        var origins: [[JSONValue]: [String]] = [:]
        var keys: [ShareKey: [JSONValue]] = [:]
        var tries: Set<[String]> = []
        for prefix in prefixes.sorted() {
            let two = [UInt8(truncatingIfNeeded: prefix >> 8), UInt8(truncatingIfNeeded: prefix)]
            var session = EquihashSession(link.dialect, base: bytes(nonce1), prefix: two)
            let told = try session.subscribe()
            for announced in announced {
                let lines = session.deliver(announced.work, announced.job, isClean: .random(using: &generator))
                let notify = try parameters(of: line(try #require(lines.last)))
                for _ in 0..<16 {
                    let rest =
                        String(repeating: "0", count: 2 * (30 - nonce1Count) - 2)
                        + "0\(Int.random(in: 0...3, using: &generator))"
                    let time = Bool.random(using: &generator) ? "c0ffee5a" : "c1ffee5a"
                    let solution = try #require(solutions.randomElement(using: &generator))
                    let params: [JSONValue] = [
                        .string("w"), .string(announced.jobID), .string(time), .string(rest), .string(solution),
                    ]
                    let comment: Comment = "seed \(seed), prefix \(prefix), NONCE_1 of \(nonce1Count)"
                    let submission = try session.submission(params)
                    guard case .judged(let judged) = session.judge(submission, announced.work, announced.job) else {
                        Issue.record(comment)
                        continue
                    }
                    let upstream = try link.forward(submission, announced.job, announced.work, session.grant)
                    let byMiner = try Self.hash(notify, nonce1: told, params)
                    let byPool = try Self.hash(announced.params, nonce1: nonce1, upstream)
                    try #require(byMiner == byPool, comment)
                    try #require(judged.key == ShareKey(byPool), comment)
                    let origin = [announced.job.work.id, "\(prefix)", rest, time, solution]
                    tries.insert(origin)
                    #expect(origins.updateValue(origin, forKey: upstream) ?? origin == origin, comment)
                    #expect(keys.updateValue(upstream, forKey: judged.key) ?? upstream == upstream, comment)
                }
            }
        }
        #expect(origins.count == tries.count && keys.count == tries.count, "seed \(seed)")
        #expect(tries.count > 400)
    }

    /// Told nonces are as long as the pool's NONCE_1 and two, whatever that is; a NONCE_2 of another length is refused.
    @Test(arguments: 0...22)
    func onlyNonce2OfTheRightLengthIsTaken(nonce1Count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(nonce1Count))
        let nonce1 = Self.hexText(nonce1Count, &generator)
        var link = try EquihashLink(["parameters": "48,5", "validate": "off"])
        link.open(nonce1: nonce1)
        let announced = try #require(try Self.announce(&link, 1, &generator).first)
        #expect(announced.job.room == 2)
        #expect(announced.job.base == bytes(nonce1))
        var session = EquihashSession(link.dialect, base: bytes(nonce1), prefix: [7, 8])
        #expect(try session.subscribe() == nonce1 + "0708")
        for count in 0...32 {
            let submission = try session.submission([
                .string("w"), .string("00"), .string("c0ffee5a"), .string(String(repeating: "ab", count: count)),
                .string("24" + Self.hexText(36, &generator)),
            ])
            switch session.judge(submission, announced.work, announced.job) {
            case .judged: #expect(count == 30 - nonce1Count)
            case .malformed(let rejection): #expect(rejection.code == 20 && count != 30 - nonce1Count)
            case .slow: Issue.record("slow")
            }
        }
    }
}

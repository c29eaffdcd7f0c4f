import NIOCore
import Stratum
import Testing

/// Many sessions on one pool link: what the router makes of the lines of both sides is checked by a miner and a pool that
/// read the lines for themselves.
@Suite struct EthashLinkTests {
    /// What the pool gets.
    private struct Upstream: Hashable {
        let header: String
        let nonce: UInt64
    }

    /// A miner as it sees itself, by the lines it gets.
    private struct Miner {
        var probe: EthashMinerProbe
        var grant: NonceGrant
        let flavor: EthashFlavor
        var extranonce = ""
        var target: Hash256?
        var jobID = ""
        var header = ""

        mutating func read(_ text: String) throws {
            for object in try objects(text) {
                let params = object["params"]
                switch object["method"]?.string {
                case nil:
                    let result = object["result"]?.array ?? []
                    if self.flavor == .stratum1 { self.extranonce = result.value(at: 1).string ?? "" }
                    guard self.flavor == .proxy, result.count >= 3 else { break }
                    self.header = String((result.value(at: 0).string ?? "").dropFirst(2))
                    self.target = Hash256(displayHex: String((result.value(at: 2).string ?? "").dropFirst(2)))
                case "mining.set_extranonce":
                    self.extranonce = params?.array?.value(at: 0).string ?? ""
                case "mining.set_difficulty":
                    self.target = Target(difficulty: params?.array?.value(at: 0).number ?? 0).value
                case "mining.set":
                    let settings = params?.object ?? JSONObject()
                    if let text = settings["extranonce"]?.string { self.extranonce = text }
                    if let text = settings["target"]?.string { self.target = Hash256(displayHex: text) }
                case "mining.notify":
                    self.jobID = params?.array?.value(at: 0).string ?? ""
                    self.header = params?.array?.value(at: 2).string ?? ""
                default:
                    Issue.record("\(object)")
                }
            }
        }

        /// A share with these digits after what the miner was told.
        func submit(_ digits: String) -> String {
            switch self.flavor {
            case .proxy:
                #"{"id":4,"method":"eth_submitWork","params":["0x\#(digits)","0x\#(self.header)","0x\#(EthashSample.mix)"]}"#
            case .stratum1:
                #"{"id":4,"method":"mining.submit","params":["u","\#(self.jobID)","\#(digits)"]}"#
            case .stratum2:
                #"{"id":4,"method":"mining.submit","params":["\#(self.jobID)","\#(digits)","w-0"]}"#
            }
        }
    }

    private static func digits(_ generator: inout SeededGenerator, _ count: Int) -> String {
        (0..<count).map { _ in String(Int.random(in: 0..<16, using: &generator), radix: 16) }.joined()
    }

    private static func handshake(_ flavor: EthashFlavor, extranonce: String) throws -> EthashPoolProbe {
        var pool = try EthashPoolProbe(flavor)
        _ = pool.connect()
        let lines =
            switch flavor {
            case .proxy:
                [#"{"id":1,"jsonrpc":"2.0","result":true}"#]
            case .stratum1:
                [
                    #"{"id":1,"result":[["mining.notify","s","EthereumStratum/1.0.0"],"\#(extranonce)"],"error":null}"#,
                    #"{"id":3,"result":true,"error":null}"#,
                ]
            case .stratum2:
                [
                    #"{"id":0,"result":{"proto":"EthereumStratum/2.0.0","encoding":"plain","timeout":"b4"}}"#,
                    #"{"id":1,"result":"s"}"#, #"{"id":2,"result":"w"}"#,
                ]
            }
        for line in lines { _ = pool.receive(line) }
        return pool
    }

    private static func welcome(_ flavor: EthashFlavor, _ grant: NonceGrant) throws -> Miner {
        var miner = Miner(probe: EthashMinerProbe(), grant: grant, flavor: flavor)
        let lines =
            switch flavor {
            case .proxy:
                [#"{"id":1,"method":"eth_submitLogin","params":["0xw"]}"#]
            case .stratum1:
                [
                    #"{"id":1,"method":"mining.subscribe","params":["m","EthereumStratum/1.0.0"]}"#,
                    #"{"id":2,"method":"mining.extranonce.subscribe","params":[]}"#,
                ]
            case .stratum2:
                [
                    #"{"id":0,"method":"mining.hello","params":{"agent":"x","proto":"EthereumStratum/2.0.0"}}"#,
                    #"{"id":3,"method":"mining.authorize","params":["u","x"]}"#,
                ]
            }
        for line in lines { _ = try miner.probe.send(line) }
        let reply = miner.probe.write { $0.subscribed(grant, request: .integer(1), sessionID: "s", into: &$1) }
        try miner.read(flavor == .stratum1 ? reply : "")
        _ = miner.probe.write { $0.authorized(true, request: .integer(3), into: &$1) }
        return miner
    }

    /// What a pool sends for a job.
    private static func job(
        _ flavor: EthashFlavor, id: String, header: String, extranonce: String, target: Target, difficulty: Double
    ) -> [String] {
        switch flavor {
        case .proxy:
            [
                #"{"id":0,"jsonrpc":"2.0","result":["0x\#(header)","0x\#(EthashSample.seed)","0x\#(target.value.displayHex)"]}"#
            ]
        case .stratum1:
            [
                #"{"id":null,"method":"mining.set_extranonce","params":["\#(extranonce)"]}"#,
                #"{"id":null,"method":"mining.set_difficulty","params":[\#(difficulty)]}"#,
                #"{"id":null,"method":"mining.notify","params":["\#(id)","\#(EthashSample.seed)","\#(header)",true]}"#,
            ]
        case .stratum2:
            [
                #"{"method":"mining.set","params":{"epoch":"1","target":"\#(target.value.displayHex)","algo":"ethash","#
                    + #""extranonce":"\#(extranonce)"}}"#,
                #"{"method":"mining.notify","params":["\#(id)","6526d5","\#(header)","1"]}"#,
            ]
        }
    }

    @Test(arguments: [0x11_0001, 0x11_0002, 0x11_0003, 0x11_0004, 0x11_0005, 0x11_0006] as [UInt64])
    func bothSidesSeeTheSameNonce(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<20 {
            let comment: Comment = "seed \(seed), round \(round)"
            let flavor = EthashFlavor.allCases[round % 3]
            try Self.run(flavor, &generator, comment)
        }
    }

    private static func run(_ flavor: EthashFlavor, _ generator: inout SeededGenerator, _ comment: Comment) throws {
        let dialect = try EthashDialect(DialectOptions())
        var pool = try self.handshake(flavor, extranonce: "")
        var miners: [Miner] = []
        var seen: [Upstream: (session: Int, digits: String)] = [:]
        var layout = dialect.assumedLayout
        for jobNumber in 0..<4 {
            // Its length decides the layout, which a link keeps: so it is the same in all jobs of one length class.
            let count =
                miners.isEmpty
                ? Int.random(in: 0...5, using: &generator)
                : layout.total == 2
                    ? Int.random(in: 0...1, using: &generator) : Int.random(in: 2...5, using: &generator)
            let extranonce = flavor == .proxy ? "" : self.digits(&generator, 2 * count)
            let header = self.digits(&generator, 64)
            let difficulty = Double.random(in: 0.01...100, using: &generator)
            let target = Target(expectedHashes: Double.random(in: 1e6...1e13, using: &generator))
            let poolTarget = flavor == .stratum1 ? Target(difficulty: difficulty) : target
            let lines = self.job(
                flavor, id: "p\(jobNumber)", header: header, extranonce: extranonce, target: target,
                difficulty: difficulty
            )
            for line in lines { _ = pool.receive(line) }
            let upstream = try #require(pool.job, comment)
            #expect(hex(upstream.base) == extranonce, comment)
            if miners.isEmpty {
                layout = try #require(dialect.layout(rooms: [upstream.room]), comment)
                miners = try self.miners(flavor, layout, base: upstream.base, &generator)
            }
            let request = IssueRequest(
                jobID: "a\(jobNumber)", layout: layout, issuedBefore: 0, age: 0, lastNtime: 0
            )
            let issue = try #require(dialect.issue(upstream, request) as? EthashIssue, comment)
            for session in miners.indices {
                if miners[session].probe.dialogue.followsPool, miners[session].grant.base != upstream.base {
                    miners[session].grant.base = upstream.base
                    let grant = miners[session].grant
                    try miners[session].read(miners[session].probe.write { $0.changeNonce(grant, into: &$1) })
                }
                try miners[session].read(miners[session].probe.deliver(issue, miners[session].grant))
                let told = try #require(miners[session].target, comment)
                #expect(told <= poolTarget.value, comment)
                #expect(miners[session].flavor != flavor || told == poolTarget.value, comment)
                for _ in 0..<3 {
                    let miner = miners[session]
                    // Few values, so that different sessions find the same digits.
                    let free = 16 - miner.extranonce.utf8.count
                    let value = String(Int.random(in: 0..<4, using: &generator))
                    let digits = String(repeating: "0", count: free - value.count) + value
                    let mine = try #require(UInt64(miner.extranonce + digits, radix: 16), comment)
                    _ = try miners[session].probe.send(miner.submit(digits))
                    let submission = try #require(miners[session].probe.step?.submission, comment)
                    #expect(submission.jobID == line("a\(jobNumber)"), comment)
                    let key = try #require(miners[session].probe.judge(submission, issue, miner.grant).key, comment)
                    #expect(key.words[0] == mine, comment)
                    let share = PoolShare(
                        jobID: upstream.work.id,
                        padding: issue.padding,
                        prefix: miner.grant.prefix,
                        found: submission.found
                    )
                    let (_, sent) = pool.submit(share)
                    let got = try self.read(flavor, sent, extranonce: extranonce, id: "p\(jobNumber)", header, comment)
                    #expect(got == Upstream(header: miner.header, nonce: mine), comment)
                    guard flavor != .proxy else { continue }
                    if let other = seen[got] {
                        #expect(other == (session, digits), comment)
                    }
                    seen[got] = (session, digits)
                }
            }
        }
    }

    private static func miners(
        _ flavor: EthashFlavor, _ layout: NonceLayout, base: [UInt8], _ generator: inout SeededGenerator
    ) throws -> [Miner] {
        var miners: [Miner] = []
        var used: Set<UInt64> = []
        for _ in 0..<12 {
            let kind: EthashFlavor =
                flavor == .proxy ? .proxy : Bool.random(using: &generator) ? .stratum1 : .stratum2
            let range = try self.welcome(kind, NonceGrant(space: 0, prefix: [], layout: layout)).probe.dialogue
                .prefixes(layout: layout)
            #expect(range.isExclusive == (kind != .proxy))
            var value = UInt64.random(in: range.values, using: &generator)
            while range.isExclusive, !used.insert(value).inserted {
                value = UInt64.random(in: range.values, using: &generator)
            }
            let prefix = (0..<range.count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
            let grant = NonceGrant(
                space: 0, prefix: prefix, layout: layout, isShared: !range.isExclusive, base: base
            )
            miners.append(try self.welcome(kind, grant))
        }
        return miners
    }

    /// The nonce as a pool understands it.
    private static func read(
        _ flavor: EthashFlavor, _ text: String, extranonce: String, id: String, _ header: String, _ comment: Comment
    ) throws -> Upstream {
        let params = try #require(try objects(text).first?["params"]?.array, comment)
        let digits: String
        switch flavor {
        case .proxy:
            digits = String((params.value(at: 0).string ?? "").dropFirst(2))
            #expect(params.value(at: 1) == .string("0x" + header), comment)
            #expect(params.value(at: 2) == .string("0x" + EthashSample.mix), comment)
        case .stratum1:
            digits = extranonce + (params.value(at: 2).string ?? "")
            #expect(params.value(at: 1) == .string(id), comment)
        case .stratum2:
            digits = extranonce + (params.value(at: 1).string ?? "")
            #expect(params.value(at: 0) == .string(id), comment)
        }
        #expect(digits.utf8.count == 16, comment)
        return Upstream(header: header, nonce: try #require(UInt64(digits, radix: 16), comment))
    }
}

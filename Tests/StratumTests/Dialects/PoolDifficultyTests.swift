import NIOCore
import Stratum
import Testing

/// What pools of all dialects may ask of a share.
@Suite struct PoolDifficultyTests {
    /// How a pool of one protocol opens, names what its shares must meet, and hands out a job.
    struct Pool: Sendable, CustomTestStringConvertible {
        var name: String
        var dialect: any Dialect.Type
        var options: [String: String] = [:]
        var opening: [String]
        /// With `$` where the difficulty or target goes.
        var demand: String
        var good: String
        var bad: [String]
        var job: String
        /// In the text of the failure.
        var named: String
        var testDescription: String { self.name }
    }

    private static let field = String(repeating: "11", count: 32)
    private static let numbers = [
        "0", "-1", "1e300", "1e-300", "1e400", "\"NaN\"", "\"zz\"", "null", "[]", "-0.0", "2e18",
    ]
    private static let targets = [
        "0", "-1", "1e300", "\"zz\"", "null", "\"\"", "\"\(String(repeating: "0", count: 64))\"",
        "\"\(String(repeating: "0", count: 63))1\"", "\"\(String(repeating: "f", count: 65))\"",
    ]
    private static let bitcoinJob =
        #"{"method":"mining.notify","params":["j","\#(field)","01","02",[],"20000000","1c2ac4af","504e86b9",true]}"#
    private static let bitcoinOpening = [
        #"{"id":1,"result":[[["mining.notify","a"]],"0800",8],"error":null}"#, #"{"id":2,"result":true}"#,
    ]
    private static let setDifficulty = #"{"method":"mining.set_difficulty","params":[$]}"#

    /// Those whose jobs do not name it themselves.
    static let pools = [
        Pool(
            name: "bitcoin", dialect: BitcoinDialect.self, opening: bitcoinOpening, demand: setDifficulty, good: "512",
            bad: numbers + ["2.3e-13"], job: bitcoinJob, named: "mining.set_difficulty"
        ),
        Pool(
            name: "scrypt", dialect: ScryptDialect.self, opening: bitcoinOpening, demand: setDifficulty, good: "0.5",
            bad: numbers + ["1.5e-8"], job: bitcoinJob, named: "mining.set_difficulty"
        ),
        Pool(
            name: "equihash", dialect: EquihashDialect.self,
            opening: [#"{"id":1,"result":["s","0a0b"],"error":null}"#, #"{"id":2,"result":true}"#],
            demand: #"{"method":"mining.set_target","params":[$]}"#,
            good: "\"0000\(String(repeating: "f", count: 60))\"",
            bad: targets,
            job: #"{"method":"mining.notify","params":["j","04000000","\#(field)","\#(field)","\#(field)","#
                + #""c0ffee5a","ffff071f",true]}"#,
            named: "mining.set_target"
        ),
        Pool(
            name: "stratum1", dialect: EthashDialect.self, options: ["flavor": "stratum1"],
            opening: [
                #"{"id":1,"result":[["mining.notify","5f","EthereumStratum/1.0.0"],"080c"],"error":null}"#,
                #"{"id":3,"result":true,"error":null}"#,
            ],
            demand: setDifficulty, good: "0.5", bad: numbers,
            job: #"{"method":"mining.notify","params":["1","\#(EthashSample.seed)","\#(EthashSample.header)",true]}"#,
            named: "mining.set_difficulty"
        ),
    ]

    /// Those of which no job can be taken without one.
    static let others = [
        Pool(
            name: "stratum2", dialect: EthashDialect.self, options: ["flavor": "stratum2"],
            opening: [
                #"{"id":0,"result":{"proto":"EthereumStratum/2.0.0","encoding":"plain"}}"#, #"{"id":1,"result":"s"}"#,
                #"{"id":2,"result":"w"}"#,
            ],
            demand: #"{"method":"mining.set","params":{"epoch":"dc","algo":"ethash","extranonce":"af","target":$}}"#,
            good: "\"\(EthashSample.target)\"", bad: targets,
            job: #"{"method":"mining.notify","params":["b","6526d5","\#(EthashSample.header)","0"]}"#,
            named: "target"
        ),
        Pool(
            name: "proxy", dialect: EthashDialect.self, options: ["flavor": "proxy"],
            opening: [#"{"id":1,"result":true}"#],
            demand: #"{"id":0,"result":["0x\#(EthashSample.header2)","0x\#(EthashSample.seed)",$]}"#,
            good: "\"0x\(EthashSample.target)\"", bad: targets, job: #"{"id":2,"result":false}"#, named: "target"
        ),
        Pool(
            name: "cryptonote", dialect: CryptoNoteDialect.self, opening: [CryptoNoteSamples.loginReply(job: nil)],
            demand: CryptoNoteSamples.notification(CryptoNoteSamples.job(target: "$")).replacing("\"$\"", with: "$"),
            good: "\"711b0d00\"", bad: ["0", "-1", "1e300", "\"zz\"", "null", "\"\"", "\"00000000\"", "\"711b\""],
            job: #"{"id":9,"result":null}"#, named: "target"
        ),
    ]

    private struct Conversation {
        let pool: Pool
        var dialogue: any PoolDialogue

        init(_ pool: Pool) throws {
            self.pool = pool
            self.dialogue = try pool.dialect.init(DialectOptions()).makePoolDialogue(
                PoolDialogueSettings(
                    user: "u", password: "p", userAgent: "a", handshakeTimeout: .seconds(9),
                    questionTimeout: .seconds(9),
                    options: DialectOptions(pool.options)
                )
            )
            var output = ByteBuffer()
            _ = self.dialogue.connected(now: .uptimeNanoseconds(1), into: &output)
            for text in pool.opening { _ = self.says(text) }
        }

        mutating func says(_ text: String) -> PoolEvent? {
            var output = ByteBuffer()
            return self.dialogue.received(line(text), now: .uptimeNanoseconds(1), into: &output)
        }

        mutating func demands(_ value: String) -> PoolEvent? {
            self.says(self.pool.demand.replacing("$", with: value))
        }
    }

    private static func difficulty(_ event: PoolEvent?) -> Double? {
        switch event {
        case .ready(let job), .job(let job): job.difficulty
        default: nil
        }
    }

    @Test(arguments: pools)
    func withoutADifficultyThatCanBeThereIsNoJob(pool: Pool) throws {
        for value in pool.bad {
            var conversation = try Conversation(pool)
            guard case .overstepped(let told) = conversation.demands(value),
                case .failed(let failure) = conversation.says(pool.job)
            else {
                Issue.record("\(value)")
                continue
            }
            #expect(failure.kind == .protocolViolation && told.contains(pool.named), "\(value)")
            #expect(failure.detail == told, "\(value)")
        }
    }

    @Test(arguments: pools)
    func oneThatCanBeHoldsOnWhenAnotherCannot(pool: Pool) throws {
        var reference = try Conversation(pool)
        _ = reference.demands(pool.good)
        let expected = try #require(Self.difficulty(reference.says(pool.job)))
        for value in pool.bad {
            var conversation = try Conversation(pool)
            _ = conversation.demands(value)
            #expect(conversation.demands(pool.good) == nil, "\(value)")
            guard case .overstepped = conversation.demands(value) else {
                Issue.record("\(value)")
                continue
            }
            #expect(Self.difficulty(conversation.says(pool.job)) == expected, "\(value)")
        }
    }

    @Test(arguments: pools + others)
    func manyInARowEndTheConnection(pool: Pool) throws {
        for value in pool.bad {
            var conversation = try Conversation(pool)
            var failure: LinkFailure?
            for _ in 1...5 {
                if case .failed(let last) = conversation.demands(value) { failure = last }
            }
            #expect(failure?.kind == .protocolViolation, "\(value)")
            #expect(failure?.detail.contains(pool.named) == true, "\(value): \(failure?.detail ?? "")")
        }
    }

    @Test(arguments: others)
    func noJobComesOfATargetThatCannotBe(pool: Pool) throws {
        for value in pool.bad {
            var conversation = try Conversation(pool)
            #expect(Self.difficulty(conversation.demands(value)) == nil, "\(value)")
            #expect(Self.difficulty(conversation.says(pool.job)) == nil, "\(value)")
            #expect(!conversation.dialogue.isReady)
        }
        var conversation = try Conversation(pool)
        let event = conversation.demands(pool.good)
        #expect(Self.difficulty(event) ?? Self.difficulty(conversation.says(pool.job)) != nil)
    }
}

import Stratum
import Testing

/// The conversions of difficulty, target, seed and nonce.
@Suite struct EthashConversionTests {
    private static func hash(_ text: String?) -> Hash256? {
        text.flatMap { Hash256(displayHex: String($0.dropFirst(2))) }
    }

    @Test func everyVectorIsMet() throws {
        let text = try resource("ethereum.json", in: "Vectors")
        let vectors = try #require(try JSONValue(parsing: line(text)).object?["vectors"]?.array)
        #expect(vectors.count == 13)
        for vector in vectors {
            let vector = try #require(vector.object)
            let expected = try #require(vector["expect"]?.object)
            let name: Comment = "\(vector["kind"]?.string ?? "") \(vector["name"]?.string ?? "")"
            let target = Self.hash(expected["target"]?.string)
            switch vector["kind"]?.string {
            case "hash_difficulty_to_target":
                let difficulty = try #require(vector["difficulty"]?.string.flatMap { Double($0) })
                #expect(Target(expectedHashes: difficulty).value == target, name)
            case "target_to_hash_difficulty":
                let target = Target(try #require(Self.hash(vector["target"]?.string)))
                let difficulty = try #require(expected["difficulty"]?.string.flatMap { UInt64($0) })
                #expect(target.exactExpectedHashes == Hash256(difficulty, 0, 0, 0), name)
                #expect(target.expectedHashes == Double(difficulty), name)
            case "nicehash_difficulty_to_target":
                let difficulty = try #require(vector["difficulty"]?.number)
                let hashes = try #require(expected["hash_difficulty"]?.string.flatMap { UInt64($0) })
                #expect(Target(difficulty: difficulty).value == target, name)
                #expect(Target(difficulty: difficulty).exactExpectedHashes == Hash256(hashes, 0, 0, 0), name)
            case "nonce_split":
                try Self.checkSplit(vector, expected, name)
            case "nonce_resplit":
                try Self.checkResplit(vector, expected, name)
            default:
                Issue.record(name)
            }
        }
    }

    /// A pool's extranonce goes to the miner as it is where the router takes no prefix.
    private static func checkSplit(_ vector: JSONObject, _ expected: JSONObject, _ name: Comment) throws {
        let extranonce = bytes(try #require(vector["extranonce"]?.string))
        let grant = NonceGrant(space: 0, prefix: [], layout: NonceLayout(total: 1), base: extranonce)
        let key = try self.key(try #require(vector["miner_nonce"]?.string), grant, name)
        let nonce = try #require(expected["nonce"]?.string.flatMap { UInt64($0.dropFirst(2), radix: 16) })
        #expect(key.words[0] == nonce, name)
    }

    private static func checkResplit(_ vector: JSONObject, _ expected: JSONObject, _ name: Comment) throws {
        let grant = NonceGrant(
            space: 0,
            prefix: bytes(try #require(vector["router_prefix"]?.string)),
            layout: NonceLayout(total: 1),
            base: bytes(try #require(vector["pool_extranonce"]?.string))
        )
        #expect(hex(grant.told) == expected["miner_extranonce"]?.string, name)
        let digits = try #require(vector["miner_nonce"]?.string)
        let key = try self.key(digits, grant, name)
        #expect(key.words[0] == expected["nonce"]?.string.flatMap { UInt64($0, radix: 16) }, name)

        var pool = try EthashPoolProbe(.stratum1)
        _ = pool.connect()
        _ = pool.receive(#"{"id":1,"result":[["mining.notify","s","EthereumStratum/1.0.0"],"080c"],"error":null}"#)
        _ = pool.receive(#"{"id":3,"result":true,"error":null}"#)
        _ = pool.receive(
            #"{"id":null,"method":"mining.notify","params":["j","\#(EthashSample.seed)","\#(EthashSample.header)",true]}"#
        )
        let nonce = try #require(Extranonce2(hex: digits))
        let (_, sent) = pool.submit(PoolShare(jobID: "j", prefix: grant.prefix, found: FoundNonce(extranonce2: nonce)))
        let params = try #require(try objects(sent).first?["params"]?.array)
        #expect(params.value(at: 2) == expected["pool_submit_nonce"], name)
    }

    private static func key(_ digits: String, _ grant: NonceGrant, _ name: Comment) throws -> ShareKey {
        var miner = EthashMinerProbe(dialogue: EthereumStratum1MinerDialogue())
        let issue = EthashIssue(try EthashSample.work(extranonce: grant.base), jobID: "1", algorithm: .ethash)
        let nonce = try #require(Extranonce2(hex: digits))
        let judgement = miner.judge(
            Submission(user: nil, jobID: line("1"), found: FoundNonce(extranonce2: nonce)), issue, grant
        )
        return try #require(judgement.key, name)
    }

    @Test(arguments: [0xE7_0001, 0xE7_0002] as [UInt64])
    func noMinerIsToldAnEasierTarget(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<500 {
            let hashes =
                Double.random(in: 1...2, using: &generator)
                * Double(sign: .plus, exponent: Int.random(in: 0..<80, using: &generator), significand: 1)
            let target = Target(expectedHashes: hashes)
            let difficulty = target.stratumDifficulty
            let told = Target(difficulty: difficulty)
            #expect(told.value <= target.value, "seed \(seed), round \(round): \(hashes)")
            #expect(Target(difficulty: difficulty * (1 - 1e-14)).value > target.value, "seed \(seed), round \(round)")
            #expect(abs(target.expectedHashes / hashes.rounded(.down) - 1) < 1e-12, "seed \(seed), round \(round)")
        }
    }

    @Test func impossibleDifficultiesHaveTargets() {
        #expect(Target(expectedHashes: 0) == .maximum)
        #expect(Target(expectedHashes: -5) == .maximum)
        #expect(Target(expectedHashes: .nan) == .maximum)
        #expect(Target(expectedHashes: .infinity) == .maximum)
        #expect(Target(expectedHashes: .greatestFiniteMagnitude).value == .zero)
        #expect(
            Target(expectedHashes: 1.5).value.displayHex
                == "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        #expect(Target(.zero).exactExpectedHashes == .maximum)
        #expect(Target(Hash256(1, 0, 0, 0)).exactExpectedHashes == .maximum)
        #expect(Target(Hash256(2, 0, 0, 0)).exactExpectedHashes == Hash256(0, 0, 0, 1 << 63))
        #expect(Target(.maximum).exactExpectedHashes == Hash256(1, 0, 0, 0))
    }

    @Test func seedsAreThoseOfTheChain() throws {
        #expect(EthashSeed.seed(at: 0) == .zero)
        let first = try #require(EthashSeed.seed(at: 1))
        #expect(first.displayHex == EthashSample.seed)
        #expect(
            EthashSeed.seed(at: 2)?.displayHex == "510e4e770828ddbf7f7b00ab00a9f6adaf81c0dc9cc85f1f8249c256942d61d9"
        )
        #expect(EthashSeed.seed(at: -1) == nil)
        #expect(EthashSeed.seed(at: EthashSeed.count) == nil)
        let last = try #require(EthashSeed.seed(at: EthashSeed.count - 1))
        #expect(EthashSeed.index(of: last) == EthashSeed.count - 1)
        #expect(EthashSeed.index(of: .maximum) == nil)
    }

    @Test func etchashCountsTwoSeedsAnEpoch() throws {
        let seed = try #require(EthashSeed.seed(at: 440))
        #expect(EthashAlgorithm.etchash.seed(epoch: 220) == seed)
        #expect(EthashAlgorithm.ethash.seed(epoch: 440) == seed)
        #expect(EthashAlgorithm.etchash.epoch(seed: seed) == 220)
        #expect(EthashAlgorithm.ethash.epoch(seed: seed) == 440)
        #expect(EthashAlgorithm.etchash.seed(epoch: .max) == nil)
        #expect(EthashAlgorithm.etchash.seed(epoch: -1) == nil)
    }
}

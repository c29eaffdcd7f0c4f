import Stratum
import Testing

@Suite struct ScryptHashTests {
    @Test func everyHeaderIsJudgedAsExpected() throws {
        let text = try resource("scrypt.json", in: "Vectors")
        let vectors = try #require(try JSONValue(parsing: line(text)).object?["vectors"]?.array)
        #expect(vectors.count == 5)
        for vector in vectors.compactMap(\.object) {
            let name = try #require(vector["name"]?.string)
            let expected = try #require(vector["expect"]?.object)
            let multiplier = ScryptHash.difficultyMultiplier
            let target = Target(difficulty: try #require(vector["difficulty"]?.number), multiplier: multiplier)
            #expect(target.value.displayHex == expected["share_target"]?.string, "\(name)")

            let header = bytes(try #require(expected["header"]?.string))
            let hash = try #require(ScryptHash.hash(header: header), "\(name)")
            #expect(hash.displayHex == expected["pow_hash"]?.string, "\(name)")
            let difficulty = try #require(expected["share_difficulty"]?.string.flatMap { Double($0) })
            #expect(abs(hash.difficulty(multiplier: multiplier) / difficulty - 1) < 1e-6, "\(name)")
            #expect(target.isMet(by: hash) == (expected["accepted"] == .bool(true)), "\(name)")
            let nbits = try #require(Hex.uint32(hex(header[72..<76].reversed()).utf8))
            #expect(
                Target(nbits: nbits).isMet(by: hash) == (expected["meets_network_target"] == .bool(true)),
                "\(name)"
            )
        }
    }

    @Test(arguments: [0, 1, 79, 81, 140])
    func onlyHeadersHaveAHash(byteCount: Int) {
        #expect(ScryptHash.hash(header: [UInt8](repeating: 0, count: byteCount)) == nil)
    }
}

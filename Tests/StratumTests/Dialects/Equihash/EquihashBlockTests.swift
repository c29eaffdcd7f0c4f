import Stratum
import Testing

/// Blocks of equihash_blocks.json: real ones of the parameters that equihash.json has none of.
@Suite struct EquihashBlockTests {
    @Test func blocksOfOtherCoinsAreValid() throws {
        let text = try resource("equihash_blocks.json", in: "Vectors")
        let vectors = try #require(try JSONValue(parsing: line(text)).object?["vectors"]?.array)
        var parametersSeen: Set<EquihashParameters> = []
        for vector in vectors.compactMap(\.object) {
            let name = try #require(vector["name"]?.string)
            let n = try #require(vector["n"]?.integer)
            let k = try #require(vector["k"]?.integer)
            let parameters = try EquihashParameters(parsing: "\(n),\(k)")
            let personalization = try #require(
                vector["personalization"]?.string.flatMap { EquihashPersonalization($0) }
            )
            let digits = try #require(vector["header_and_solution"]?.string)
            let header = bytes(String(digits.prefix(280)))
            let solution = try EquihashSolution(submitted: String(digits.dropFirst(280)), parameters: parameters)
            let verifier = EquihashVerifier(parameters: parameters, personalization: personalization)
            #expect(verifier.verify(header: header, solution: solution.bytes) == .valid, "\(name)")

            let hash = solution.shareHash(header: header)
            #expect(hash.displayHex == vector["block_id"]?.string, "\(name)")
            let nbits = try #require(Hex.uint32(hex(header[104..<108].reversed()).utf8))
            #expect(Target(nbits: nbits).isMet(by: hash), "\(name)")

            for bit in 0..<8 * solution.bytes.count {
                var damaged = solution.bytes
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(verifier.verify(header: header, solution: damaged) != .valid, "\(name), bit \(bit)")
            }
            parametersSeen.insert(parameters)
        }
        #expect(parametersSeen == [.zhash, .zero, .zelhash])
    }
}

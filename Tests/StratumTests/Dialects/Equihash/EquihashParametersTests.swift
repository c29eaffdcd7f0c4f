import Stratum
import Testing

@Suite struct EquihashParametersTests {
    /// The table of solution sizes that pools and miners agree on.
    @Test(
        arguments: [
            ("200,9", 512, 21, 1344, "fd4005", 50),
            ("144_5", 32, 25, 100, "64", 54),
            ("192_7", 128, 25, 400, "fd9001", 48),
            ("125,4", 16, 26, 52, "34", 64),
            ("96,5", 32, 17, 68, "44", 60),
            (" 48 , 5 ", 32, 9, 36, "24", 60),
        ] as [(String, Int, Int, Int, String, Int)]
    )
    func sizesFollowFromTheParameters(
        text: String, indices: Int, indexBits: Int, solutionBytes: Int, prefix: String, digestBytes: Int
    ) throws {
        let parameters = try EquihashParameters(parsing: text)
        #expect(parameters.indexCount == indices)
        #expect(parameters.indexBitCount == indexBits)
        #expect(parameters.solutionByteCount == solutionBytes)
        #expect(hex(parameters.solutionPrefix) == prefix)
        #expect(parameters.digestByteCount == digestBytes)
        #expect(parameters.indexBitCount * parameters.indexCount == 8 * parameters.solutionByteCount)
        #expect(try EquihashParameters(parsing: parameters.description) == parameters)
    }

    @Test(arguments: ["", "200", "200,9,1", "200,", ",9", "-200,9", "+200,9", "2 00,9", "２００,9", "zcash", "200;9"])
    func otherTextIsRefused(text: String) {
        #expect(throws: EquihashParametersError.malformed(text)) { try EquihashParameters(parsing: text) }
    }

    @Test func whatNoCoinUsesIsRefused() {
        #expect(throws: EquihashParametersError.unsupported(n: 210, k: 9)) {
            try EquihashParameters(parsing: "210,9")
        }
        #expect(throws: EquihashParametersError.malformed("99999999999999999999,5")) {
            try EquihashParameters(parsing: "99999999999999999999,5")
        }
    }

    @Test func personalizationIsEightCharacters() throws {
        let personalization = try #require(EquihashPersonalization("BgoldPoW"))
        #expect(personalization.description == "BgoldPoW")
        #expect(personalization.bytes == Array("BgoldPoW".utf8))
        for text in ["", "Bgold", "BgoldPoW1", "BgoldPö", "Bgold\u{00}oW"] {
            #expect(EquihashPersonalization(text) == nil)
        }
    }
}

import MyDialects
import NIOCore
import Stratum
import Testing

/// Bitcoin with another hash.
@Suite struct SHA3DialectTests {
    /// SHA3-256 twice of the bytes 0, 1, … 79, as Python's hashlib has it.
    @Test func headerIsHashedTwice() throws {
        let bytes = (UInt8(0)..<80).map { $0 }
        func word(_ offset: Int) -> UInt32 { bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) } }
        let header = BlockHeader(
            version: word(0),
            previousHash: try #require(Hash256(bytes: Array(bytes[4..<36]))),
            merkleRoot: try #require(Hash256(bytes: Array(bytes[36..<68]))),
            ntime: word(68),
            nbits: word(72),
            nonce: word(76)
        )
        #expect(header.bytes == bytes)
        #expect(
            SHA3Dialect.algorithm.hash(header)?.displayHex
                == "ecbf467454baeada4a8cb3824e2ba2023d5234256700bf5dacadd188327bd041"
        )
    }

    @Test func isBitcoinInAllElse() throws {
        let dialect = SHA3Dialect()
        #expect(dialect.hashesPerDifficulty == BitcoinDialect().hashesPerDifficulty)
        #expect(dialect.knowsShareDifficulty)
        #expect(dialect.layout(rooms: [8, 4])?.total == 4)
        #expect(try ConfiguredDialect(SHA3Dialect.self).name == "sha3d")
        #expect(DialectRegistry.standard.adding([SHA3Dialect.self]).names.last == "sha3d")
    }
}

import Testing

@testable import Simulation

extension ProtocolTests {
    @Suite(.timeLimit(.minutes(5))) struct ScryptTests {
        /// Litecoin's block 29255, as in its own tests of scrypt.
        @Test func realHeaderHashesAsInLitecoin() {
            let header =
                "01000000f615f7ce3b4fc6b8f61e8f89aedb1d0852507650533a9e3b10b9bbcc30639f279fcaa86746e1ef52d3edb3c4ad8259920d509bd0"
                + "73605c9bf1d59983752a6b06b817bb4ea78e011d012d59d4"
            let hash = HeaderHash.scrypt(HexText.bytes(header) ?? [])
            #expect(HexText.text(hash.reversed()) == "0000000110c8357966576df46f3b802ca897deb7ad18b12f1c24ecff6386ebd9")
        }

        @Test func minerOfAnotherHashIsRefused() async throws {
            // The same messages and the same number for the difficulty; only the hash is another.
            let difficulty = 4 / SimulatedProtocol.scrypt.hashesPerDifficulty
            try await withPool(.bitcoin, { $0.difficulty = difficulty }) { pool in
                try await withMiner(on: pool, .scrypt) { miner in
                    try await miner.wait("refusals") { $0.rejected >= 3 }
                    #expect(pool.shareLog.allSatisfy { $0.verdict == .rejected(code: 23, text: "Above target") })
                }
            }
        }
    }
}

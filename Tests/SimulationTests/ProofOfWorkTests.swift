import Stratum
import Testing

@testable import Simulation

@Suite struct ProofOfWorkTests {
    /// Block 1 of the main chain.
    @Test func realHeaderHashesToItsBlock() {
        let previous = HexText.bytes("6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000") ?? []
        let root = HexText.bytes("982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e") ?? []
        let header = ProofOfWork.header(
            version: 1,
            previousHash: previous,
            merkleRoot: root,
            ntime: 0x4966_bc61,
            nbits: 0x1d00_ffff,
            nonce: 0x9962_e301
        )
        let hash = DoubleSHA256.hash(header)
        #expect(HexText.text(hash.reversed()) == "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048")
        #expect(ProofOfWork.difficulty(hash: hash) > 1)
    }

    @Test func hashingAgreesWithTheLibrary() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            let header = BlockHeader(
                version: .random(in: 0...UInt32.max, using: &generator),
                previousHash: Hash256(bytes: generator.bytes(32)) ?? .zero,
                merkleRoot: Hash256(bytes: generator.bytes(32)) ?? .zero,
                ntime: .random(in: 0...UInt32.max, using: &generator),
                nbits: .random(in: 0...UInt32.max, using: &generator),
                nonce: .random(in: 0...UInt32.max, using: &generator)
            )
            let hash = DoubleSHA256.hash(header.bytes)
            #expect(header.powHash.bytes == hash)
            let ratio = header.powHash.difficulty() / ProofOfWork.difficulty(hash: hash)
            #expect(abs(ratio - 1) < 1e-12)
        }
    }

    @Test func wordSwapIsItsOwnInverse() {
        var generator = SeededGenerator(seed: 8)
        let hash = generator.bytes(32)
        #expect(Array(ProofOfWork.swappingWords(hash).prefix(4)) == hash.prefix(4).reversed())
        #expect(ProofOfWork.swappingWords(ProofOfWork.swappingWords(hash)) == hash)
    }

    @Test func searchFindsOnlyDistinctShares() throws {
        let params: [JSONValue] = [
            .string("a"), .string(HexText.text([UInt8](repeating: 1, count: 32))), .string("0102"), .string("03"),
            .array([]), .string("20000000"), .string("1d00ffff"), .string("60000000"), .bool(true),
        ]
        let job = try #require(BitcoinMinerJob(params, difficulty: 1e-12, extranonce1: [9], extranonce2Size: 2))
        var configuration = SimulatedMinerConfiguration(user: "a", profile: .cgminer, port: 1)
        configuration.noncesPerRoll = 10
        var search = BitcoinSearch(job, configuration: configuration, mask: 0x1fff_e000, coinbaseCount: 0)
        let found = search.run(400)
        let keys = found.map { "\($0.extranonce2) \($0.nonce) \($0.versionBits ?? 0)" }
        #expect(found.count == 400)
        #expect(Set(keys).count == 400)
        #expect(Set(found.map(\.extranonce2)).count == 10)
        #expect(Set(found.map(\.versionBits)) == [0, 0x2000, 0x4000, 0x6000])
    }
}

@Suite struct JournalTests {
    @Test func waitThatNeverComesTrueSaysWhatItSaw() async throws {
        let journal = Journal(3)
        let error = await #expect(throws: SimulationTimeout.self) {
            try await journal.wait("four", until: { $0 == 4 }, timeout: .milliseconds(10))
        }
        #expect(error?.description.contains("four; state: 3") == true)
    }

    @Test func waitEndsWithTheChange() async throws {
        let journal = Journal(3)
        async let waited: Void = journal.wait("four", until: { $0 == 4 }, timeout: .seconds(60))
        journal.update { $0 = 4 }
        try await waited
    }
}

/// Keccak-256 with the padding that Ethereum uses (0x01, not SHA-3's 0x06), for inputs of 32 bytes.
enum EthashKeccak {
    private static let roundConstants: [UInt64] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808A, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808B, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008A, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000A,
        0x0000_0000_8000_808B, 0x8000_0000_0000_008B, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800A, 0x8000_0000_8000_000A,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]

    /// The walk of steps ρ and π: where a lane goes, and by how many bits it is rotated.
    private static let walk: [(lane: Int, rotation: UInt64)] = [
        (10, 1), (7, 3), (11, 6), (17, 10), (18, 15), (3, 21), (5, 28), (16, 36),
        (8, 45), (21, 55), (24, 2), (4, 14), (15, 27), (23, 41), (19, 56), (13, 8),
        (12, 25), (2, 43), (20, 62), (14, 18), (22, 39), (9, 61), (6, 20), (1, 44),
    ]

    /// The hash of the 32 bytes of `number`; both are read as big-endian numbers.
    static func hash(_ number: Hash256) -> Hash256 {
        var state = [UInt64](repeating: 0, count: 25)
        state[0] = number.words.3.byteSwapped
        state[1] = number.words.2.byteSwapped
        state[2] = number.words.1.byteSwapped
        state[3] = number.words.0.byteSwapped
        state[4] = 1
        state[16] = 1 << 63
        self.permute(&state)
        return Hash256(
            state[3].byteSwapped, state[2].byteSwapped, state[1].byteSwapped, state[0].byteSwapped
        )
    }

    /// Keccak-f[1600]; `state` has 25 lanes.
    private static func permute(_ state: inout [UInt64]) {
        var column = [UInt64](repeating: 0, count: 5)
        for constant in self.roundConstants {
            for x in 0..<5 {
                column[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]
            }
            for x in 0..<5 {
                let parity = column[(x + 4) % 5] ^ self.rotated(column[(x + 1) % 5], by: 1)
                for y in stride(from: x, to: 25, by: 5) { state[y] ^= parity }
            }
            var carried = state[1]
            for (lane, rotation) in self.walk {
                let next = state[lane]
                state[lane] = self.rotated(carried, by: rotation)
                carried = next
            }
            for row in stride(from: 0, to: 25, by: 5) {
                for x in 0..<5 { column[x] = state[row + x] }
                for x in 0..<5 { state[row + x] = column[x] ^ (~column[(x + 1) % 5] & column[(x + 2) % 5]) }
            }
            state[0] ^= constant
        }
    }

    private static func rotated(_ lane: UInt64, by bits: UInt64) -> UInt64 {
        lane << bits | lane >> (64 - bits)
    }
}

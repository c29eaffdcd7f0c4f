/// The stand-in for RandomX, which is too heavy here: the hash of a share is SHA-256 twice over the hashing blob with the
/// nonce in it. Pools and miners of this simulation agree on it; nobody else does.
enum CryptonoteWork {
    /// Where the four bytes of the nonce lie in the blob.
    static let nonceRange = 39..<43

    /// The blob with a nonce of four bytes put in; nil if it is too short.
    static func blob(_ blob: [UInt8], nonce: [UInt8]) -> [UInt8]? {
        guard blob.count >= Self.nonceRange.upperBound, nonce.count == Self.nonceRange.count else { return nil }
        return blob[..<Self.nonceRange.lowerBound] + nonce + blob[Self.nonceRange.upperBound...]
    }
}

/// One job of a simulated CryptoNote pool.
final class CryptonotePoolJob: PoolJob {
    let position: JobPosition
    var judged: Set<[UInt8]> = []
    /// The height in the chain.
    let height: Int
    let seedHash: [UInt8]
    private let root: [UInt8]
    private let previousID: [UInt8]

    init(
        _ position: JobPosition,
        _ configuration: SimulatedPoolConfiguration,
        using generator: inout SeededGenerator
    ) {
        self.position = position
        self.height = 3_000_000 + position.height
        self.previousID = position.previousHash(chainSeed: configuration.chainSeed)
        var seeds = SeededGenerator(seed: configuration.chainSeed ^ 0x5eed)
        self.seedHash = seeds.bytes(32)
        self.root = generator.bytes(32)
    }

    /// The hashing blob of one link: versions, time, previous id, nonce, merkle root, count of transactions. Each session
    /// has another reward transaction, so another merkle root.
    func blob(session: String, fixedNonceByte: UInt8?) -> [UInt8] {
        let root = DoubleSHA256.hash(Array(session.utf8) + [self.position.payee] + self.root)
        let versions: [UInt8] = [16, 16]
        let nonce: [UInt8] = [0, 0, 0, fixedNonceByte ?? 0]
        return versions + Self.varint(self.position.time) + self.previousID + nonce + root + [7]
    }

    /// Five bytes for every time since 1978, so that the nonce is at 39.
    private static func varint(_ number: UInt32) -> [UInt8] {
        (0..<5).map { place in
            let part = UInt8(truncatingIfNeeded: number >> (7 * UInt32(place))) & 0x7f
            return place < 4 ? part | 0x80 : part
        }
    }
}

/// The 80 bytes that proof of work hashes.
public struct BlockHeader: Sendable, Hashable {
    public var version: UInt32
    public var previousHash: Hash256
    public var merkleRoot: Hash256
    public var ntime: UInt32
    public var nbits: UInt32
    public var nonce: UInt32

    public init(
        version: UInt32,
        previousHash: Hash256,
        merkleRoot: Hash256,
        ntime: UInt32,
        nbits: UInt32,
        nonce: UInt32
    ) {
        self.version = version
        self.previousHash = previousHash
        self.merkleRoot = merkleRoot
        self.ntime = ntime
        self.nbits = nbits
        self.nonce = nonce
    }

    /// The header of one share.
    ///
    /// `coinbase1` is given on its own because a session may have been sent another one than the job's; the bytes
    /// `coinbase1 ‖ extranonce1 ‖ extranonce2 ‖ job.coinbase2` are the coinbase.
    public static func build(
        job: Job,
        coinbase1: [UInt8],
        extranonce1: [UInt8],
        extranonce2: Extranonce2,
        version: UInt32,
        ntime: UInt32,
        nonce: UInt32
    ) -> BlockHeader {
        BlockHeader(
            version: version,
            previousHash: job.previousHash.withUnsafeBytes { Hash256(loading: $0) },
            merkleRoot: MerkleRoot.build(
                coinbase1: coinbase1,
                extranonce1: extranonce1,
                extranonce2: extranonce2,
                coinbase2: job.coinbase2,
                branches: job.merkleBranches
            ),
            ntime: ntime,
            nbits: job.nbits,
            nonce: nonce
        )
    }

    /// The 80 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(80)
        self.forEachPiece { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// SHA-256d of the 80 bytes.
    public var powHash: Hash256 {
        var hasher = SHA256d()
        self.forEachPiece { hasher.update($0) }
        return hasher.finalize()
    }

    private func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeBytes(of: self.version.littleEndian, body)
        self.previousHash.withUnsafeBytes(body)
        self.merkleRoot.withUnsafeBytes(body)
        withUnsafeBytes(of: (self.ntime.littleEndian, self.nbits.littleEndian, self.nonce.littleEndian), body)
    }
}

/// The proof-of-work hash of one share; see `BlockHeader.build` for the pieces.
public func powHash(
    job: Job,
    coinbase1: [UInt8],
    extranonce1: [UInt8],
    extranonce2: Extranonce2,
    version: UInt32,
    ntime: UInt32,
    nonce: UInt32
) -> Hash256 {
    BlockHeader.build(
        job: job,
        coinbase1: coinbase1,
        extranonce1: extranonce1,
        extranonce2: extranonce2,
        version: version,
        ntime: ntime,
        nonce: nonce
    ).powHash
}

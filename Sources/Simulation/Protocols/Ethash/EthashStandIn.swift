/// The stand-in for Ethash, whose data set is too large here: the mix hash is SHA-256("mix" ‖ header ‖ nonce), the hash of a
/// share SHA-256 twice over header ‖ nonce ‖ mix, the nonce as eight big-endian bytes. Pools and miners of this simulation
/// agree on it; nobody else does.
struct EthashStandIn {
    private let sha256: @Sendable ([UInt8]) -> [UInt8]

    /// With the library's hash.
    static var ofMiners: EthashStandIn { EthashStandIn { FastHash.sha256($0) } }
    /// With the hash written out here.
    static var ofPools: EthashStandIn { EthashStandIn { DoubleSHA256.singleHash($0) } }

    private init(sha256: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        self.sha256 = sha256
    }

    /// What is submitted as the mix hash.
    func mix(header: [UInt8], nonce: [UInt8]) -> [UInt8] {
        self.sha256(Array("mix".utf8) + header + nonce)
    }

    /// What is compared with the target.
    func hash(header: [UInt8], nonce: [UInt8], mix: [UInt8]) -> Number256 {
        Number256(padding: self.sha256(self.sha256(header + nonce + mix)))
    }
}

/// A unit of share difficulty in protocols of Ethash.
enum EthashUnit {
    /// Expected hashes: target = ⌊2²⁵⁶ / difficulty⌋.
    case hashes
    /// NiceHash's: target = ⌊0xffff · 2²⁰⁸ / difficulty⌋.
    case niceHash

    /// The target of a difficulty.
    func target(difficulty: Double) -> Number256 {
        switch self {
        case .hashes: Number256(ones: 1, zeros: 256, dividedBy: difficulty)
        case .niceHash: Number256(ones: 16, zeros: 208, dividedBy: difficulty)
        }
    }

    /// The difficulty of a target, or the one that a hash reaches.
    func difficulty(of number: Number256) -> Double {
        let numerator =
            switch self {
            case .hashes: 0x1p256
            case .niceHash: 0xffffp208
            }
        return numerator / max(number.double, 1)
    }
}

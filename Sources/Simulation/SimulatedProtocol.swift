/// A protocol that simulated pools and miners speak.
package enum SimulatedProtocol: String, Sendable, CaseIterable {
    /// Stratum V1 for Bitcoin.
    case bitcoin
    /// The same with scrypt for the hash of a share: Litecoin and its kin. Difficulty 1 is 65,536 times easier.
    case scrypt
    /// CryptoNote's JSON-RPC as XMRig speaks it, with a stand-in for the proof of work: see `CryptonoteWork`.
    case cryptonote
    /// Ethash as eth-proxy had it, getWork over TCP, with a stand-in for the proof of work: see `EthashStandIn`.
    case ethProxy
    /// Ethash as NiceHash's EthereumStratum/1.0.0, with the same stand-in.
    case ethereumStratum1
    /// Ethash as EthereumStratum/2.0.0 (EIP-1571), with the same stand-in.
    case ethereumStratum2
    /// Equihash as ZIP 301 has it, with the parameters of Zcash's regression tests, 48,5.
    case equihash

    /// The hashes that a share of difficulty 1 takes on average; for Equihash, solutions.
    package var hashesPerDifficulty: Double {
        switch self {
        // 2^256 / (0xffff · 2^208)
        case .bitcoin, .ethereumStratum1: 0x1p48 / 0xffff
        case .scrypt: 0x1p32 / 0xffff
        case .cryptonote, .ethProxy, .ethereumStratum2: 1
        // 2^256 / (2^243 - 1)
        case .equihash: 8_192
        }
    }

    /// Hashes per second of a miner that is told nothing else: light enough for fifty of them on two slow cores, where
    /// scrypt takes 1 ms and a header of Equihash 3 ms in a debug build.
    var defaultHashrate: Double {
        switch self {
        case .bitcoin: 2_000
        case .scrypt: 6
        case .cryptonote, .ethProxy, .ethereumStratum1, .ethereumStratum2: 64
        case .equihash: 3
        }
    }

    /// The share difficulty of a pool that is told nothing else.
    var defaultDifficulty: Double {
        switch self {
        case .bitcoin: 1e-6
        case .scrypt: 8 / self.hashesPerDifficulty
        case .cryptonote, .ethProxy, .ethereumStratum1, .ethereumStratum2: 32 / self.hashesPerDifficulty
        case .equihash: 2 / self.hashesPerDifficulty
        }
    }

    /// Bytes of extranonce1 that pools of the protocol usually give, and how many are left to the miner.
    var extranonceSizes: (own: Int, left: Int) {
        switch self {
        case .bitcoin, .scrypt: (4, 8)
        case .cryptonote, .ethProxy: (0, 0)
        case .ethereumStratum1, .ethereumStratum2: (2, 6)
        case .equihash: (4, 28)
        }
    }
}

import Crypto
import CryptoExtras

/// The hash that a share's header of 80 bytes is judged by.
enum HeaderHash {
    /// SHA-256 twice, as Bitcoin.
    case sha256d
    /// scrypt with N = 1024, r = 1, p = 1 and the header as password and salt, as Litecoin.
    case scrypt

    /// That of a protocol with Bitcoin's messages.
    init(_ protocol: SimulatedProtocol) {
        self = `protocol` == .scrypt ? .scrypt : .sha256d
    }

    /// How many times easier difficulty 1 is than Bitcoin's.
    var difficultyMultiplier: Double {
        switch self {
        case .sha256d: 1
        case .scrypt: 65_536
        }
    }

    /// The 32 bytes; for scrypt empty if there is no memory for it.
    func callAsFunction(_ header: [UInt8]) -> [UInt8] {
        switch self {
        case .sha256d: return DoubleSHA256.hash(header)
        case .scrypt:
            let key = try? KDF.Scrypt.deriveKey(
                from: header,
                salt: header,
                outputByteCount: 32,
                rounds: 1_024,
                blockSize: 1,
                parallelism: 1
            )
            return key?.withUnsafeBytes { Array($0) } ?? []
        }
    }
}

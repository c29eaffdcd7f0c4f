import Crypto
import CryptoExtras

/// The proof-of-work hash of Litecoin, Dogecoin and their kin.
///
/// A share is judged by it; the block's id stays SHA-256d of the header. Difficulty 1 is 65,536 times easier than
/// Bitcoin's: see `Target.init(difficulty:multiplier:)` and `Hash256.difficulty(multiplier:)`.
package enum ScryptHash {
    /// What `multiplier` is for coins of this hash.
    package static let difficultyMultiplier = 65_536

    /// scrypt with the header as password and as salt, N = 1024, r = 1, p = 1 and 32 bytes of output (Litecoin's
    /// `scrypt_1024_1_1_256`). Takes 128 KiB of memory for as long as it runs.
    ///
    /// Nil unless `header` is 80 bytes, or if there is no memory.
    package static func hash(header: [UInt8]) -> Hash256? {
        guard header.count == 80 else {
            return nil
        }
        let key = try? KDF.Scrypt.deriveKey(
            from: header,
            salt: header,
            outputByteCount: 32,
            rounds: 1024,
            blockSize: 1,
            parallelism: 1
        )
        return key?.withUnsafeBytes { $0.count == 32 ? Hash256(loading: $0) : nil }
    }
}

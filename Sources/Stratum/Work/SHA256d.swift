import Crypto

/// SHA-256 applied twice. All hashing of this module goes through here.
public struct SHA256d {
    private var hasher = SHA256()

    /// Hashes the next piece.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { self.hasher.update(bufferPointer: $0) }
    }

    /// Hashes the next piece.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        self.hasher.update(bufferPointer: bytes)
    }

    /// Hashes the next piece.
    public mutating func update(_ piece: Extranonce2) {
        piece.withUnsafeBytes { self.hasher.update(bufferPointer: $0) }
    }

    /// Hashes the 32 bytes of `hash`.
    public mutating func update(_ hash: Hash256) {
        hash.withUnsafeBytes { self.hasher.update(bufferPointer: $0) }
    }

    /// The hash of all pieces as if they were one.
    public consuming func finalize() -> Hash256 {
        let first = self.hasher.finalize()
        var second = SHA256()
        first.withUnsafeBytes { second.update(bufferPointer: $0) }
        return second.finalize().withUnsafeBytes { Hash256(loading: $0) }
    }
}

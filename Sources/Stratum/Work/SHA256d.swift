import CSHA256

/// SHA-256 applied twice, without a heap object. A copy goes on by itself from what it has hashed so far. All SHA-256 of
/// this module goes through here.
public struct SHA256d: Sendable {
    private var hash: csha256

    public init() { self.init(isPortable: false) }

    /// `isPortable` leaves the processor's own instructions alone, which is for tests: the hashes are the same.
    package init(isPortable: Bool) { self.hash = csha256_start(isPortable) }

    /// Hashes the next piece.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { self.update($0) }
    }

    /// Hashes the next piece.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        csha256_update(&self.hash, bytes.baseAddress, bytes.count)
    }

    /// Hashes the next piece.
    public mutating func update(_ piece: Extranonce2) {
        piece.withUnsafeBytes { self.update($0) }
    }

    /// Hashes the 32 bytes of `hash`.
    public mutating func update(_ hash: Hash256) {
        hash.withUnsafeBytes { self.update($0) }
    }

    /// The hash of all pieces as if they were one.
    public consuming func finalize() -> Hash256 {
        Hash256 { csha256_finish_twice(&self.hash, $0.baseAddress) }
    }

    /// The root of a merkle tree: `hash` and the first of `branches` hashed together, that and the second one, and so on.
    /// `branches` holds 32 bytes for each branch; an incomplete one at its end is ignored.
    package static func fold(_ branches: [UInt8], into hash: Hash256, isPortable: Bool = false) -> Hash256 {
        Hash256 { root in
            hash.withUnsafeBytes { root.copyMemory(from: $0) }
            branches.withUnsafeBytes { csha256_fold(root.baseAddress, $0.baseAddress, $0.count / 32, isPortable) }
        }
    }
}

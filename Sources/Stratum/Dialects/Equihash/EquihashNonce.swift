/// How the 32 bytes of nonce in a header are divided (equihash §5): the pool's NONCE_1, the session's prefix, and what is
/// left to the miner. The miner is told that the first two are its NONCE_1.
package enum EquihashNonce {
    /// The whole nonce.
    package static let byteCount = 32
    /// A session's prefix: 65,536 of them on a link.
    package static let prefixCount = 2
    /// The least that is left to a miner.
    package static let minimumCount = 8

    /// Room for a prefix beside a NONCE_1 of so many bytes; 0 if there is none.
    package static func room(nonce1Count: Int) -> Int {
        nonce1Count <= self.byteCount - self.prefixCount - self.minimumCount ? self.prefixCount : 0
    }

    /// Every room is the same or none at all.
    package static let layout = NonceLayout(total: Self.prefixCount)
    package static let prefixes = PrefixRange(count: Self.prefixCount, values: 0x0000...0xFFFF)
}

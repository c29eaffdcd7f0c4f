/// The leaves that belong to one header: leaf i is n bits of BLAKE2b(header ‖ LE32(i ÷ leaves per digest)).
///
/// The header is hashed once; each digest goes on from a copy of that state.
package struct EquihashLeaves {
    private let parameters: EquihashParameters
    private let base: BLAKE2bState

    /// The personal bytes of BLAKE2b are `personalization ‖ LE32(n) ‖ LE32(k)`; there is no key and no salt.
    ///
    /// `header` is everything before the length of the solution, 140 bytes in all coins that are supported.
    /// Nil if the library that hashes refuses.
    package init?(parameters: EquihashParameters, personalization: EquihashPersonalization, header: [UInt8]) {
        var personal = personalization.bytes
        withUnsafeBytes(of: UInt32(parameters.n).littleEndian) { personal.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(parameters.k).littleEndian) { personal.append(contentsOf: $0) }
        self.parameters = parameters
        guard
            let base = BLAKE2bState(
                personal: personal, digestByteCount: parameters.digestByteCount, hashing: header
            )
        else { return nil }
        self.base = base
    }

    /// The leaf of one index; nil if the library that hashes refuses.
    package func leaf(_ index: UInt32) -> EquihashBits? {
        let perDigest = UInt32(truncatingIfNeeded: self.parameters.leavesPerDigest)
        let (group, place) = index.quotientAndRemainder(dividingBy: perDigest)
        return self.withDigest(group) { self.leaf(Int(place), in: $0) }
    }

    /// Passes the first `count` leaves in order. Digests of several leaves are made once, so this is faster than
    /// asking for each leaf. Those of a digest that the library refuses are left out.
    package func forEach(first count: Int, _ body: (EquihashBits) -> Void) {
        let perDigest = self.parameters.leavesPerDigest
        for start in stride(from: 0, to: count, by: perDigest) {
            _ = self.withDigest(UInt32(truncatingIfNeeded: start / perDigest)) { digest in
                for place in 0..<min(perDigest, count - start) {
                    body(self.leaf(place, in: digest))
                }
            }
        }
    }

    private func leaf(_ place: Int, in digest: UnsafeRawBufferPointer) -> EquihashBits {
        EquihashBits(loading: digest, at: place * self.parameters.leafByteCount, bitCount: self.parameters.n)
    }

    /// Passes one digest and at least 32 bytes behind its last leaf's start; nil if the library refuses.
    private func withDigest<Result>(_ group: UInt32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        typealias Words = SIMD16<UInt32>
        // The second half is there so that a leaf can be loaded in whole words.
        var buffer: (digest: Words, padding: Words) = (.zero, .zero)
        if self.parameters.isTwisted {
            var sum = Words.zero
            for earlier in (group & ~15)...group {
                guard withUnsafeMutableBytes(of: &buffer, { self.base.digest(appending: earlier, into: $0) }) else {
                    return nil
                }
                for word in sum.indices {
                    sum[word] &+= UInt32(littleEndian: buffer.digest[word])
                }
            }
            for word in sum.indices {
                buffer.digest[word] = sum[word].littleEndian
            }
        } else {
            guard withUnsafeMutableBytes(of: &buffer, { self.base.digest(appending: group, into: $0) }) else {
                return nil
            }
        }
        return withUnsafeBytes(of: &buffer, body)
    }
}

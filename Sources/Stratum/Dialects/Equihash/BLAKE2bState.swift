import CSodium

/// BLAKE2b without key and salt after some bytes, from which several digests can go on.
package struct BLAKE2bState {
    /// The library's state, 384 bytes since its first release. Swift does not see its type because of its alignment.
    private let bytes: [UInt8]
    private let digestByteCount: Int

    private static var byteCount: Int { 384 }
    private static var alignment: Int { 64 }

    /// Lets the library choose the BLAKE2b that suits the processor; without that it takes the slow one. False if its
    /// sizes are not those of this file.
    private static let isReady =
        sodium_init() >= 0 && crypto_generichash_blake2b_statebytes() <= byteCount
        && crypto_generichash_blake2b_personalbytes() == 16

    /// The library hashes for all Equihash parameters that are supported: looked at once, before any share comes.
    package static let isUsable = EquihashParameters.supported.allSatisfy { parameters in
        let state = BLAKE2bState(
            personal: [UInt8](repeating: 0, count: 16), digestByteCount: parameters.digestByteCount, hashing: []
        )
        var digest = [UInt8](repeating: 0, count: parameters.digestByteCount)
        return state.map { state in digest.withUnsafeMutableBytes { state.digest(appending: 0, into: $0) } } ?? false
    }

    /// The state after `bytes`. Nil if the library refuses: `personal` has 16 bytes, a digest 1...64.
    package init?(personal: [UInt8], digestByteCount: Int, hashing bytes: [UInt8]) {
        guard Self.isReady, personal.count == 16 else { return nil }
        let state = Self.withMemory { memory, state -> [UInt8]? in
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            let status =
                crypto_generichash_blake2b_init_salt_personal(state, nil, 0, digestByteCount, nil, personal)
                | crypto_generichash_blake2b_update(state, bytes, UInt64(bytes.count))
            return status == 0 ? Array(memory) : nil
        }
        guard let state else { return nil }
        self.digestByteCount = digestByteCount
        self.bytes = state
    }

    /// Writes the digest of all bytes so far and `suffix`, as four bytes in little-endian order, to the start of
    /// `output`. False, and nothing of worth is there, if it has no room for it or the library refuses.
    package func digest(appending suffix: UInt32, into output: UnsafeMutableRawBufferPointer) -> Bool {
        guard let start = output.baseAddress, self.digestByteCount <= output.count else { return false }
        let isDone = Self.withMemory { memory, state -> Bool? in
            memory.copyBytes(from: self.bytes)
            let status = withUnsafeBytes(of: suffix.littleEndian) { bytes in
                crypto_generichash_blake2b_update(state, bytes.baseAddress, UInt64(bytes.count))
            }
            return status == 0 && crypto_generichash_blake2b_final(state, start, self.digestByteCount) == 0
        }
        return isDone ?? false
    }

    /// Passes memory for a state, on the stack, and its address as the library wants it.
    private static func withMemory<Result>(
        _ body: (UnsafeMutableRawBufferPointer, OpaquePointer) -> Result?
    ) -> Result? {
        withUnsafeTemporaryAllocation(byteCount: Self.byteCount, alignment: Self.alignment) { memory in
            memory.baseAddress.flatMap { body(memory, OpaquePointer($0)) }
        }
    }
}

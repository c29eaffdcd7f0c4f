import CSodium

/// BLAKE2b without key and salt after some bytes, from which several digests can go on.
struct BLAKE2bState {
    /// The library's state, 384 bytes since its first release. Swift does not see its type because of its alignment.
    private let bytes: [UInt8]
    private let digestByteCount: Int

    private static var byteCount: Int { 384 }
    private static var alignment: Int { 64 }

    /// Lets the library choose the BLAKE2b that suits the processor; without that it takes the slow one.
    private static let libraryStatus = sodium_init()

    /// The state after `bytes`; `personal` has 16 bytes, a digest 16...64.
    ///
    /// Stops the program if the library refuses these sizes, as the digests it then leaves out would all be equal.
    init(personal: [UInt8], digestByteCount: Int, hashing bytes: [UInt8]) {
        precondition(
            Self.libraryStatus >= 0 && crypto_generichash_blake2b_statebytes() <= Self.byteCount
                && personal.count == crypto_generichash_blake2b_personalbytes(),
            "this libsodium cannot be used"
        )
        self.digestByteCount = digestByteCount
        self.bytes = Self.withMemory { memory, state in
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            let status =
                crypto_generichash_blake2b_init_salt_personal(state, nil, 0, digestByteCount, nil, personal)
                | crypto_generichash_blake2b_update(state, bytes, UInt64(bytes.count))
            precondition(status == 0, "libsodium refused to hash")
            return Array(memory)
        }
    }

    /// Writes the digest of all bytes so far and `suffix`, as four bytes in little-endian order, to the start of
    /// `output`, which has room for it.
    func digest(appending suffix: UInt32, into output: UnsafeMutableRawBufferPointer) {
        Self.withMemory { memory, state in
            memory.copyBytes(from: self.bytes)
            let status = withUnsafeBytes(of: suffix.littleEndian) { bytes in
                crypto_generichash_blake2b_update(state, bytes.baseAddress, UInt64(bytes.count))
            }
            guard status == 0, let start = output.baseAddress, self.digestByteCount <= output.count,
                crypto_generichash_blake2b_final(state, start, self.digestByteCount) == 0
            else {
                preconditionFailure("libsodium refused to hash")
            }
        }
    }

    /// Passes memory for a state, on the stack, and its address as the library wants it.
    private static func withMemory<Result>(_ body: (UnsafeMutableRawBufferPointer, OpaquePointer) -> Result) -> Result {
        withUnsafeTemporaryAllocation(byteCount: Self.byteCount, alignment: Self.alignment) { memory in
            guard let start = memory.baseAddress else {
                preconditionFailure("no memory on the stack")
            }
            return body(memory, OpaquePointer(start))
        }
    }
}

/// The eight bytes by which a coin makes its Equihash differ from that of others, such as `ZcashPoW`.
package struct EquihashPersonalization: Sendable, Hashable, CustomStringConvertible {
    /// Zcash and the coins that kept its text.
    package static let zcash = EquihashPersonalization(bytes: Array("ZcashPoW".utf8))

    /// Exactly eight.
    package let bytes: [UInt8]

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Nil unless `text` is eight printable ASCII characters.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 8, bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            return nil
        }
        self.init(bytes: bytes)
    }

    package var description: String {
        String(decoding: self.bytes, as: UTF8.self)
    }
}

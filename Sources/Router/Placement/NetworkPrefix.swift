import Foundation
import NIOCore

/// A network in CIDR notation, as `10.1.0.0/16` or `fd00::/8`. An address alone is a network of one.
package struct NetworkPrefix: Sendable, Hashable, CustomStringConvertible {
    private let bytes: [UInt8]
    private let bits: Int
    package let description: String

    /// Nil if `text` is no network.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let first = parts.first, let bytes = Self.bytes(String(first)) else {
            return nil
        }
        self.bytes = bytes
        // An IPv4 address in IPv6 form has 96 bits before it, which some count and some do not.
        let isMapped = bytes.count == 4 && first.contains(":")
        if parts.count == 2 {
            let digits = parts[1]
            guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let bits = Int(digits),
                bits <= bytes.count * 8 || isMapped && (96...128).contains(bits)
            else { return nil }
            self.bits = isMapped && bits >= 96 ? bits - 96 : bits
        } else {
            self.bits = bytes.count * 8
        }
        self.description = text
    }

    /// True if there are bits behind the prefix that are not zero: probably a mistake.
    package var hasHostBits: Bool {
        self.bytes.indices.contains { index in
            let kept = min(8, max(0, self.bits - index * 8))
            return self.bytes[index] & (kept == 8 ? 0 : 0xff >> UInt8(kept)) != 0
        }
    }

    /// - Parameter address: an IP address, also an IPv4 address in IPv6 form.
    package func contains(_ address: String) -> Bool {
        guard let other = Self.bytes(address), other.count == self.bytes.count else { return false }
        for index in self.bytes.indices {
            let kept = min(8, max(0, self.bits - index * 8))
            guard kept > 0 else { break }
            let mask: UInt8 = kept == 8 ? 0xff : ~(0xff >> UInt8(kept))
            guard self.bytes[index] & mask == other[index] & mask else { return false }
        }
        return true
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        // A zone (fe80::1%eth0) says which interface, not which address.
        let text = text.split(separator: "%", omittingEmptySubsequences: false).first.map(String.init) ?? text
        guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        switch address {
        case .v4(let address):
            return withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
        case .v6(let address):
            let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
            let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10...11].allSatisfy { $0 == 0xff }
            return isMapped ? Array(bytes.suffix(4)) : bytes
        case .unixDomainSocket:
            return nil
        }
    }
}

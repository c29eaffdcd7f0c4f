/// A string of BIP 173 or BIP 350: a prefix, the digit 1, data of five bits a character, and a checksum.
public struct Bech32: Sendable, Hashable {
    /// Which of the two checksums a string has.
    public enum Checksum: UInt32, Sendable, Hashable {
        /// BIP 173, for version 0 of segwit.
        case bech32 = 1
        /// BIP 350, for the later versions.
        case bech32m = 0x2BC8_30A3
    }

    /// The most characters of a string.
    public static let maximumCount = 90

    private static let checksumCount = 6
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)

    /// The part before the last 1, in lower case.
    public let prefix: String
    /// The data, numbers below 32.
    public let values: [UInt8]
    public let checksum: Checksum

    /// `prefix` is taken to be lower-case ASCII, and of `values` the lower five bits.
    public init(prefix: String, values: [UInt8], checksum: Checksum) {
        self.prefix = prefix
        self.values = values.map { $0 & 0x1F }
        self.checksum = checksum
    }

    /// Takes a string that is in one case altogether.
    public init(parsing text: String) throws(PayoutAddressError) {
        guard text.utf8.count <= Self.maximumCount else {
            throw .tooLong(limit: Self.maximumCount)
        }
        for scalar in text.unicodeScalars where !(33...126).contains(scalar.value) {
            throw .notBech32(scalar)
        }
        let lower = text.lowercased()
        guard text == lower || text == text.uppercased() else {
            throw .mixedCase
        }
        guard let separator = lower.utf8.lastIndex(of: UInt8(ascii: "1")), separator > lower.startIndex else {
            throw .incompleteBech32
        }
        let prefix = String(lower[..<separator])
        var values: [UInt8] = []
        for scalar in lower[separator...].unicodeScalars.dropFirst() {
            guard let value = Self.alphabet.firstIndex(of: UInt8(truncatingIfNeeded: scalar.value)) else {
                throw .notBech32(scalar)
            }
            values.append(UInt8(value))
        }
        guard values.count >= Self.checksumCount else {
            throw .incompleteBech32
        }
        guard let checksum = Checksum(rawValue: Self.remainder(prefix: prefix, values: values)) else {
            throw .bech32Checksum
        }
        self.init(prefix: prefix, values: values.dropLast(Self.checksumCount), checksum: checksum)
    }

    /// Whether lower-case `text` has the form of a Bitcoin Cash address without its prefix: of the same characters, but
    /// with another checksum.
    static func isBareCashAddress(_ text: String) -> Bool {
        let first = text.utf8.first
        return text.utf8.count == 42 && (first == UInt8(ascii: "q") || first == UInt8(ascii: "p"))
            && text.utf8.allSatisfy(Self.alphabet.contains)
    }

    /// The string in lower case.
    public var text: String {
        let zeros: [UInt8] = Array(repeating: 0, count: Self.checksumCount)
        let remainder = Self.remainder(prefix: self.prefix, values: self.values + zeros) ^ self.checksum.rawValue
        let digits = stride(from: UInt32(25), through: 0, by: -5).map { UInt8(remainder >> $0 & 0x1F) }
        let characters = (self.values + digits).map { Self.alphabet[Int($0)] }
        return self.prefix + "1" + String(decoding: characters, as: UTF8.self)
    }

    /// What is left of the whole string as a polynomial.
    private static func remainder(prefix: String, values: [UInt8]) -> UInt32 {
        let expanded = prefix.utf8.map { $0 >> 5 } + [0] + prefix.utf8.map { $0 & 0x1F } + values
        let generators: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]
        var remainder: UInt32 = 1
        for value in expanded {
            let top = remainder >> 25
            remainder = (remainder & 0x1FF_FFFF) << 5 ^ UInt32(value)
            for (bit, generator) in generators.enumerated() where top >> bit & 1 == 1 {
                remainder ^= generator
            }
        }
        return remainder
    }
}

extension Bech32 {
    /// `bytes` in groups of five bits, the last one filled up with zeros.
    public static func values(of bytes: [UInt8]) -> [UInt8] {
        var values: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 & 0xFFF | UInt32(byte)
            count += 8
            while count >= 5 {
                count -= 5
                values.append(UInt8(bits >> count & 0x1F))
            }
        }
        if count > 0 {
            values.append(UInt8(bits << (5 - count) & 0x1F))
        }
        return values
    }

    /// The bytes in groups of five bits; nil if more than four bits are left over or one of those is not zero.
    public static func bytes(of values: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for value in values {
            bits = bits << 5 & 0xFFF | UInt32(value & 0x1F)
            count += 5
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(bits >> count & 0xFF))
            }
        }
        guard count <= 4, bits & (1 << count - 1) == 0 else {
            return nil
        }
        return bytes
    }
}

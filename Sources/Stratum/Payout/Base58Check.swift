/// Base58 with a checksum of four bytes.
public enum Base58Check {
    /// The most digits we read: the work grows with their square.
    public static let maximumDigitCount = 128

    private static let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)

    /// The bytes without their checksum.
    public static func decode(_ text: String) throws(PayoutAddressError) -> [UInt8] {
        guard text.utf8.count <= Self.maximumDigitCount else {
            throw .tooLong(limit: Self.maximumDigitCount)
        }
        // The least significant byte first.
        var number: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value), let digit = Self.alphabet.firstIndex(of: byte) else {
                throw .notBase58(scalar)
            }
            Self.multiply(&number, base: 58, adding: UInt32(digit), digitBase: 256)
        }
        let zeros = text.utf8.prefix { $0 == UInt8(ascii: "1") }.count
        let bytes = Array(repeating: 0, count: zeros) + number.reversed()
        let payload = Array(bytes.dropLast(4))
        guard bytes.count >= 4, bytes.suffix(4).elementsEqual(Self.checksum(payload)) else {
            throw .base58Checksum
        }
        return payload
    }

    /// `payload` and its checksum.
    public static func encode(_ payload: [UInt8]) -> String {
        let bytes = payload + Self.checksum(payload)
        // The least significant digit first.
        var digits: [UInt8] = []
        for byte in bytes {
            Self.multiply(&digits, base: 256, adding: UInt32(byte), digitBase: 58)
        }
        let zeros = bytes.prefix { $0 == 0 }.count
        let text = Array(repeating: 0, count: zeros) + digits.reversed()
        return String(decoding: text.map { Self.alphabet[Int($0)] }, as: UTF8.self)
    }

    /// Makes `number · base + addend` of a number whose digits, the least significant first, are below `digitBase`.
    private static func multiply(_ number: inout [UInt8], base: UInt32, adding addend: UInt32, digitBase: UInt32) {
        var carry = addend
        for index in number.indices {
            carry += UInt32(number[index]) * base
            number[index] = UInt8(carry % digitBase)
            carry /= digitBase
        }
        while carry > 0 {
            number.append(UInt8(carry % digitBase))
            carry /= digitBase
        }
    }

    private static func checksum(_ payload: [UInt8]) -> [UInt8] {
        var hasher = SHA256d()
        hasher.update(payload)
        return Array(hasher.finalize().bytes.prefix(4))
    }
}

import Crypto

/// The library's SHA-256, for miners, who hash all the time; pools judge with `DoubleSHA256`.
enum FastHash {
    static func sha256(_ message: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: message))
    }

    static func sha256d(_ message: [UInt8]) -> [UInt8] {
        var second = SHA256()
        SHA256.hash(data: message).withUnsafeBytes { second.update(bufferPointer: $0) }
        return Array(second.finalize())
    }
}

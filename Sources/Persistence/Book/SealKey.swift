import Crypto
import Foundation

/// The Ed25519 key that signs seals.
package struct SealKey: Sendable {
    /// What PKCS #8 (RFC 8410) puts before the 32 bytes of an Ed25519 private key.
    private static let privatePrefix: [UInt8] = [
        0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]
    /// What SubjectPublicKeyInfo (RFC 8410) puts before the 32 bytes of an Ed25519 public key.
    private static let publicPrefix: [UInt8] = [
        0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]

    private let key: Curve25519.Signing.PrivateKey

    /// From the text of a PEM file as `openssl genpkey -algorithm ed25519` makes it; nil if it is no such key.
    package init?(pem: String) {
        guard let bytes = Self.body(of: pem, label: "PRIVATE KEY"), bytes.count == 48,
            bytes.starts(with: Self.privatePrefix),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes.dropFirst(16))
        else { return nil }
        self.key = key
    }

    /// From a PEM file.
    package static func load(path: String) throws(LedgerError) -> SealKey {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw .sealKey(path: path, reason: "it cannot be read")
        }
        guard let key = SealKey(pem: text) else { throw .sealKey(path: path, reason: "it is no Ed25519 private key") }
        return key
    }

    /// Whether others than its owner may read the file.
    package static func isExposed(path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o077 != 0
    }

    /// What to say then.
    package static func exposure(path: String) -> String {
        "\(path), which signs seals, can be read by others than its owner: chmod 0400"
    }

    /// 32 bytes.
    package var publicKey: [UInt8] { Array(self.key.publicKey.rawRepresentation) }

    /// 64 bytes.
    package func sign(_ hash: [UInt8]) throws -> [UInt8] { Array(try self.key.signature(for: hash)) }

    /// Whether `signature` of `hash` was made by the owner of `publicKey`.
    package static func isValid(signature: [UInt8], of hash: [UInt8], publicKey: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
        return key.isValidSignature(signature, for: hash)
    }

    /// The 32 bytes of a public key in a PEM file as `openssl pkey -pubout` makes it; nil if it is no such key.
    package static func publicKey(pem: String) -> [UInt8]? {
        guard let bytes = Self.body(of: pem, label: "PUBLIC KEY"), bytes.count == 44,
            bytes.starts(with: Self.publicPrefix)
        else { return nil }
        return Array(bytes.dropFirst(12))
    }

    private static func body(of pem: String, label: String) -> [UInt8]? {
        let lines = pem.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        guard let begin = lines.firstIndex(of: "-----BEGIN \(label)-----"),
            let end = lines.firstIndex(of: "-----END \(label)-----"), begin < end
        else { return nil }
        return Data(base64Encoded: lines[(begin + 1)..<end].joined()).map(Array.init)
    }
}

import Foundation
package import NIOSSL

/// Why a file with certificates or a key cannot be used. Every message names the file.
package enum CertificateFileError: Error, Sendable, Hashable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    case holdsNoCertificate(path: String)
    case holdsNoKey(path: String)
    /// The key is protected with a passphrase, which a service has nobody to ask for.
    case keyIsEncrypted(path: String)

    package var description: String {
        switch self {
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .holdsNoCertificate(let path): "\(path) is not a PEM file with a certificate"
        case .holdsNoKey(let path): "\(path) is not a PEM file with a private key"
        case .keyIsEncrypted(let path): "the key in \(path) is encrypted; write it without a passphrase"
        }
    }
}

/// Reads PEM files. Blocks on the disk.
package enum CertificateFile {
    /// Larger than any system's bundle of authorities.
    private static let sizeLimit = 8 << 20

    /// All certificates in a file, in its order; at least one.
    package static func certificates(at path: String) throws(CertificateFileError) -> [NIOSSLCertificate] {
        let bytes = try Self.bytes(at: path)
        do {
            return try NIOSSLCertificate.fromPEMBytes(bytes)
        } catch {
            throw .holdsNoCertificate(path: path)
        }
    }

    /// The private key in a file, RSA or elliptic curve.
    package static func privateKey(at path: String) throws(CertificateFileError) -> NIOSSLPrivateKey {
        let bytes = try Self.bytes(at: path)
        // Both spellings of an encrypted key: "BEGIN ENCRYPTED PRIVATE KEY" and "Proc-Type: 4,ENCRYPTED".
        guard !String(decoding: bytes, as: UTF8.self).contains("ENCRYPTED") else {
            throw .keyIsEncrypted(path: path)
        }
        do {
            return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
        } catch {
            throw .holdsNoKey(path: path)
        }
    }

    /// The bytes of a file, at least one: the parsers trap on none.
    private static func bytes(at path: String) throws(CertificateFileError) -> [UInt8] {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            data = try file.read(upToCount: Self.sizeLimit) ?? Data()
        } catch {
            throw .unreadable(path: path, reason: Self.reason(error))
        }
        guard !data.isEmpty else {
            throw .unreadable(path: path, reason: "the file is empty")
        }
        return [UInt8](data)
    }

    private static func reason(_ error: any Error) -> String {
        switch (error as? CocoaError)?.code {
        case .fileReadNoSuchFile, .fileNoSuchFile: "there is no such file"
        case .fileReadNoPermission: "permission denied"
        default: error.localizedDescription
        }
    }
}

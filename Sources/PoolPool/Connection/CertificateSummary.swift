import Crypto
package import Foundation
import NIOCore
package import NIOSSL

/// What a message about a certificate needs to know of it.
package struct CertificateSummary: Sendable, Hashable {
    /// DNS names and IP addresses the certificate is for; its common name if it lists none.
    package var names: [String]
    /// Common name and organisation of the signer.
    package var issuer: String
    /// Issuer and subject are the same.
    package var isSelfSigned: Bool
    package var notBefore: Date
    package var notAfter: Date
    /// SHA-256 of the DER form.
    package var fingerprint: [UInt8]
}

extension CertificateSummary {
    package init(_ certificate: NIOSSLCertificate) {
        let bytes = (try? certificate.toDERBytes()) ?? []
        let identity = CertificateIdentity(bytes: bytes)
        let alternatives = certificate._subjectAlternativeNames().compactMap(Self.name)
        self.init(
            names: alternatives.isEmpty ? [identity?.subject.commonName].compactMap { $0 } : alternatives,
            issuer: identity?.issuer.description ?? "",
            isSelfSigned: identity.map { $0.issuerBytes == $0.subjectBytes } ?? false,
            notBefore: Date(timeIntervalSince1970: TimeInterval(certificate.notValidBefore)),
            notAfter: Date(timeIntervalSince1970: TimeInterval(certificate.notValidAfter)),
            fingerprint: [UInt8](SHA256.hash(data: bytes))
        )
    }

    private static func name(_ name: _SubjectAlternativeName) -> String? {
        switch name.nameType {
        case .dnsName:
            return String(decoding: name.contents, as: UTF8.self)
        case .ipAddress:
            let address = try? SocketAddress(packedIPAddress: ByteBuffer(bytes: name.contents), port: 0)
            return address?.ipAddress
        default:
            return nil
        }
    }
}

/// Issuer and subject of an X.509 certificate, which NIOSSL does not tell.
private struct CertificateIdentity {
    /// The two parts of a distinguished name that people recognise.
    struct Name: CustomStringConvertible {
        var commonName: String?
        var organization: String?

        var description: String {
            [self.commonName.map { "CN=\($0)" }, self.organization.map { "O=\($0)" }]
                .compactMap { $0 }.joined(separator: ", ")
        }
    }

    var issuerBytes: ArraySlice<UInt8>
    var subjectBytes: ArraySlice<UInt8>

    var issuer: Name { Self.name(self.issuerBytes) }
    var subject: Name { Self.name(self.subjectBytes) }

    /// Nil if `bytes` are no certificate.
    init?(bytes: [UInt8]) {
        var document = DERReader(bytes[...])
        guard let certificate = document.next(.sequence) else { return nil }
        var outer = DERReader(certificate)
        guard let signedPart = outer.next(.sequence) else { return nil }
        var fields = DERReader(signedPart)
        // [version], serial number, signature algorithm, issuer, validity, subject.
        _ = fields.next(.version)
        guard fields.next(.integer) != nil, fields.next(.sequence) != nil, let issuer = fields.next(.sequence),
            fields.next(.sequence) != nil, let subject = fields.next(.sequence)
        else { return nil }
        self.issuerBytes = issuer
        self.subjectBytes = subject
    }

    private static func name(_ bytes: ArraySlice<UInt8>) -> Name {
        var result = Name()
        var sets = DERReader(bytes)
        while let set = sets.next(.set) {
            var pairs = DERReader(set)
            while let pair = pairs.next(.sequence) {
                var fields = DERReader(pair)
                guard let kind = fields.next(.objectIdentifier), let value = fields.next() else { continue }
                let text = String(decoding: value.content, as: UTF8.self)
                switch Array(kind) {
                case [0x55, 0x04, 0x03]: result.commonName = text
                case [0x55, 0x04, 0x0a]: result.organization = text
                default: break
                }
            }
        }
        return result
    }
}

/// Reads the elements of a DER sequence one after the other.
private struct DERReader {
    enum Tag: UInt8 {
        case integer = 0x02
        case objectIdentifier = 0x06
        case sequence = 0x30
        case set = 0x31
        case version = 0xa0
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        self.rest = bytes
    }

    /// The content of the next element if it is a `tag`; otherwise nil, and the element stays.
    mutating func next(_ tag: Tag) -> ArraySlice<UInt8>? {
        guard self.rest.first == tag.rawValue else { return nil }
        return self.next()?.content
    }

    /// The next element; nil at the end and if what follows makes no sense.
    mutating func next() -> (tag: UInt8, content: ArraySlice<UInt8>)? {
        var bytes = self.rest
        guard let tag = bytes.popFirst(), let first = bytes.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let digits = Int(first & 0x7f)
            guard (1...4).contains(digits), bytes.count >= digits else { return nil }
            length = bytes.prefix(digits).reduce(0) { $0 << 8 | Int($1) }
            bytes = bytes.dropFirst(digits)
        }
        guard bytes.count >= length else { return nil }
        self.rest = bytes.dropFirst(length)
        return (tag, bytes.prefix(length))
    }
}

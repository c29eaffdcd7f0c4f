import Foundation

/// Says why a pool's certificate was refused, in words that name the remedy.
enum CertificateDiagnosis {
    /// No chain of valid signatures leads from the certificate to a trusted authority. `authorityFile` names the
    /// authorities that were asked; nil: the system's.
    static func untrusted(_ certificate: CertificateSummary, authorityFile: String?, now: Date) -> String {
        if now > certificate.notAfter {
            return "certificate expired on \(Self.time(certificate.notAfter)) (the clock here says \(Self.time(now)))"
        }
        if now < certificate.notBefore {
            return "certificate is not valid before \(Self.time(certificate.notBefore))"
                + " (the clock here says \(Self.time(now)))"
        }
        let authority = authorityFile.map { "an authority in \($0)" } ?? "an authority this system trusts"
        let cause = certificate.isSelfSigned ? "is self-signed, not signed" : "is not signed"
        return "certificate \(cause) by \(authority) (issuer \(Self.printable(certificate.issuer)); "
            + "SHA-256 fingerprint \(Self.hex(certificate.fingerprint)): if it is the pool's, pin it with tls.fingerprint or name its CA "
            + "with tls.certificate_authority)"
    }

    /// The certificate is trusted, but made out to others.
    static func wrongName(_ certificate: CertificateSummary, host: String) -> String {
        let shown = certificate.names.prefix(5).map(Self.printable).joined(separator: ", ")
        let more = certificate.names.count > 5 ? " and \(certificate.names.count - 5) more" : ""
        return "certificate is for \(shown.isEmpty ? "no name" : shown)\(more), not for \(host)"
    }

    /// The certificate is not the pinned one.
    static func wrongFingerprint(_ certificate: CertificateSummary, pinned: [UInt8]) -> String {
        "certificate has the SHA-256 fingerprint \(Self.hex(certificate.fingerprint)), not \(Self.hex(pinned)) as in "
            + "tls.fingerprint"
    }

    private static func time(_ date: Date) -> String { date.formatted(.iso8601) }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    /// What a stranger wrote into a certificate, safe to print and of bounded length.
    private static func printable(_ text: String) -> String {
        let safe = text.unicodeScalars.prefix(120).map { scalar -> Character in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: "?"
            default: Character(scalar)
            }
        }
        return safe.isEmpty ? "unnamed" : String(safe)
    }
}

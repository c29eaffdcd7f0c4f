/// Where `client.reconnect` may lead. A man in the middle uses it to carry hashrate away, so only these are followed: the
/// same host; a subdomain of the configured host; a host that differs from a configured host of at least three labels in
/// the first label only; an IP address only if it is the configured one. Transport and credentials never change.
package enum ReconnectRule {
    /// The endpoint to go to, or nil if the request is refused.
    package static func target(configured: PoolEndpoint, host: String?, port: Int?) -> PoolEndpoint? {
        let port = port ?? configured.port
        guard (1...65_535).contains(port) else { return nil }
        var result = configured
        result.port = port
        guard let host, !host.isEmpty else { return result }
        let wanted = host.lowercased()
        let known = configured.host.lowercased()
        if wanted == known { return result }
        guard !Self.isAddress(wanted), !Self.isAddress(known) else { return nil }
        guard wanted.utf8.count <= 253, wanted.utf8.allSatisfy(Self.isHostByte) else { return nil }
        let wantedLabels = wanted.split(separator: ".", omittingEmptySubsequences: false)
        let knownLabels = known.split(separator: ".", omittingEmptySubsequences: false)
        guard wantedLabels.allSatisfy({ !$0.isEmpty }) else { return nil }
        let isSubdomain = knownLabels.count >= 2 && wanted.hasSuffix("." + known)
        let isSibling =
            knownLabels.count >= 3 && wantedLabels.count == knownLabels.count
            && wantedLabels.dropFirst() == knownLabels.dropFirst()
        guard isSubdomain || isSibling else { return nil }
        result.host = wanted
        return result
    }

    private static func isAddress(_ host: String) -> Bool {
        host.contains(":") || host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2e }
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: false
        }
    }
}

public import NIOCore

/// What the first bytes of a connection say about who is calling.
public enum LineKind: Sendable, Hashable {
    case json
    case http
    /// The header of HAProxy's PROXY protocol, version 1.
    case proxyProtocol
    /// A TLS handshake on a plain port. It has no line end: look before a line is complete.
    case tls
    case garbage

    private static let httpMethods = ["GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "CONNECT "]

    /// Judges the first bytes of a connection, a whole line or not.
    public init(_ bytes: ByteBuffer) {
        let view = bytes.readableBytesView
        guard let first = view.first(where: { $0 != 0x20 && $0 != 0x09 }) else {
            self = .garbage
            return
        }
        if view.first == 0x16 {
            self = .tls
        } else if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            self = .json
        } else if view.starts(with: "PROXY ".utf8) {
            self = .proxyProtocol
        } else if Self.httpMethods.contains(where: { view.starts(with: $0.utf8) }) {
            self = .http
        } else {
            self = .garbage
        }
    }
}

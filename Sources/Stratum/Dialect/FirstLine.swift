public import NIOCore

/// Looks at a line of which it is not known who sent it.
public enum FirstLine {
    /// Its method; nil if it is no request.
    public static func method(of line: ByteBuffer) -> String? {
        line.withUnsafeReadableBytes { bytes in
            guard let envelope = try? Envelope(bytes), let method = envelope.method else { return nil }
            return JSONScanner(bytes).text(method)
        }
    }

    /// The whole object; nil if it is none.
    public static func object(of line: ByteBuffer) -> JSONObject? {
        (try? JSONValue(parsing: line))?.object
    }

    /// Its id, to be echoed.
    public static func id(of line: ByteBuffer) -> MessageID {
        line.withUnsafeReadableBytes { (try? Envelope($0))?.id ?? .null }
    }
}

/// The refusal that Stratum V1 and its kin have in common.
public enum StratumRefusal {
    /// Error 20 with `text`, to the request in `line`.
    public static func line(to line: ByteBuffer, _ text: String) -> ByteBuffer {
        var buffer = ByteBuffer()
        MessageEncoder.error(id: FirstLine.id(of: line), code: 20, message: text, into: &buffer)
        return buffer
    }
}

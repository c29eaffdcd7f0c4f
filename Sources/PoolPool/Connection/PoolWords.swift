import NIOCore
import Stratum

/// What a pool has said before the first job: what may explain why there is none.
struct PoolWords {
    private let password: [UInt8]
    /// What of the pool's settings may be wrong if it does not understand us, as `protocol and flavor`.
    private let doubted: String
    /// The newest line, or the newest that reports an error.
    private var line: ByteBuffer?
    private var isError = false
    /// It has granted something that was asked of it, so it speaks our language.
    private var hasGranted = false

    /// Bytes of a line that are shown.
    private static let shown = 160
    /// A longer line is a job and no error.
    private static let readable = 4_096

    /// - Parameter password: never shown, should the pool repeat it.
    init(dialect: any Dialect, password: String) {
        self.password = Array(password.utf8)
        // Options with a list of values choose between languages.
        let options = type(of: dialect).options.filter { $0.scope == .pool && !$0.choices.isEmpty }
        self.doubted = (["protocol"] + options.map(\.name)).joined(separator: " and ")
    }

    mutating func heard(_ line: ByteBuffer) {
        // What has a method is no answer, and need not be taken apart.
        let isAnswer = line.readableBytes <= Self.readable && FirstLine.method(of: line) == nil
        let object = isAnswer ? FirstLine.object(of: line) : nil
        let error = object?["error"] ?? .null
        if let result = object?["result"], result != .null, result != .bool(false), error == .null {
            self.hasGranted = true
        }
        guard error != .null || !self.isError else { return }
        self.isError = error != .null
        self.line = line
    }

    /// The failure of a connection that never was ready, with what the pool said and what may be wrong.
    func explain(_ failure: LinkFailure) -> LinkFailure {
        var failure = failure
        switch failure.kind {
        case .handshakeTimeout:
            failure.detail += self.said(nothing: "; the pool said nothing") + (self.hasGranted ? "" : self.doubt)
        case .protocolViolation:
            failure.detail += self.said() + self.doubt
        case .closed, .reset:
            guard self.line != nil else { break }
            failure.detail += self.said() + (self.hasGranted ? "" : self.doubt)
        case .subscribeRefused, .authorizationRefused:
            // A user or an address is refused in other words.
            let detail = failure.detail.lowercased()
            if detail.contains("malformed") { failure.detail += self.said() }
            if ["malformed", "method", "command"].contains(where: detail.contains) { failure.detail += self.doubt }
        case .connectFailed, .connectTimeout, .tls, .questionRefused, .silence, .unanswered, .replaced, .stopped:
            break
        }
        failure.detail = String(decoding: self.withoutPassword(Array(failure.detail.utf8)), as: UTF8.self)
        return failure
    }

    private var doubt: String { "; is the pool's \(self.doubted) right?" }

    private func said(nothing: String = "") -> String {
        guard let line = self.line else { return nothing }
        // Hidden before it is cut: a part of the password at the edge would not be found.
        let bytes = self.withoutPassword(Array(line.readableBytesView))
        let printable = bytes.prefix(Self.shown).map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }
        let isCut = bytes.count > Self.shown
        return "; the pool \(self.isError ? "" : "last ")said \(String(decoding: printable, as: Unicode.ASCII.self))"
            + (isCut ? "…" : "")
    }

    /// A text with the password hidden, also where the pool has escaped it as JSON.
    private func withoutPassword(_ text: [UInt8]) -> [UInt8] {
        // One of three bytes is no secret, and in every other word.
        guard self.password.count > 3 else { return text }
        let stars = Array("***".utf8)
        let hidden = text.replacing(self.password, with: stars)
        let resolved = hidden.withUnsafeBytes(JSONEscapes.resolving)
        let wholly = resolved.replacing(self.password, with: stars)
        // As it came, if that shows no more.
        return wholly == resolved ? hidden : wholly
    }
}

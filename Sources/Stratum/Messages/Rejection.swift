/// Why a pool refused, whatever shape it said so in.
public struct Rejection: Sendable, Hashable {
    /// What the refusal means for the share.
    public enum Kind: Sendable, Hashable, CaseIterable {
        case stale
        case duplicate
        case lowDifficulty
        case unauthorized
        case notSubscribed
        case malformed
        case other
    }

    /// The pool's own code, or the usual one for `kind` if it gave none.
    public var code: Int
    /// The pool's own text; may be empty.
    public var message: String
    public var kind: Kind

    /// Classifies by code first, then by text.
    public init(code: Int?, message: String) {
        let kind = Self.kind(code: code, text: message.lowercased())
        self.code = code ?? kind.code
        self.message = message
        self.kind = kind
    }

    /// For a dialect whose codes are not those of Stratum.
    public init(code: Int, message: String, kind: Kind) {
        self.code = code
        self.message = message
        self.kind = kind
    }

    private static func kind(code: Int?, text: String) -> Kind {
        switch code {
        case 21, 36, 37: .stale
        case 22: .duplicate
        // DATUM's text for version bits it did not allow or did not get.
        case 23: text == "bad-version" ? .malformed : .lowDifficulty
        case 24, 29: .unauthorized
        case 25: .notSubscribed
        case 27, 31, 32, 33, 35: .malformed
        case 34: .lowDifficulty
        default: self.kind(text: text)
        }
    }

    private static func kind(text: String) -> Kind {
        for (fragment, kind) in self.fragments where text.contains(fragment) {
            return kind
        }
        return .other
    }

    /// Fragments of lower-case texts; the first that occurs decides.
    private static let fragments: [(String, Kind)] = [
        ("duplicate", .duplicate),
        ("stale", .stale), ("job not found", .stale), ("unknown-work", .stale), ("unknown job", .stale),
        ("invalid jobid", .stale), ("invalid job id", .stale),
        ("above target", .lowDifficulty), ("too low", .lowDifficulty), ("low diff", .lowDifficulty),
        ("low-diff", .lowDifficulty), ("high-hash", .lowDifficulty), ("h-not-zero", .lowDifficulty),
        ("bad solution", .lowDifficulty),
        ("not subscribed", .notSubscribed), ("failed subscription", .notSubscribed),
        ("unauthori", .unauthorized), ("not authori", .unauthorized), ("worker mismatch", .unauthorized),
        ("invalid user", .unauthorized),
        ("invalid", .malformed), ("illegal", .malformed), ("malformed", .malformed), ("wrong nonce", .malformed),
        ("out of range", .malformed), ("time-too-", .malformed), ("time too ", .malformed),
        ("bad-version", .malformed), ("not array", .malformed), ("not an array", .malformed),
        ("incorrect size", .malformed), ("no nonce", .malformed), ("no ntime", .malformed),
        ("no job_id", .malformed), ("no username", .malformed),
    ]
}

extension Rejection.Kind {
    /// The code that most pools and miners know for this kind.
    public var code: Int {
        switch self {
        case .stale: 21
        case .duplicate: 22
        case .lowDifficulty: 23
        case .unauthorized: 24
        case .notSubscribed: 25
        case .malformed, .other: 20
        }
    }
}

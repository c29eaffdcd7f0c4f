/// The texts by which refusals are told apart: the code is always -1 (cryptonote §1).
enum CryptoNoteText {
    static let code = -1
    static let stale = "Block expired"
    static let duplicate = "Duplicate share"
    static let lowDifficulty = "Low difficulty share"
    static let malformed = "Malformed share"
    static let unauthenticated = "Unauthenticated"
    static let permissionDenied = "Permission denied"
    static let invalidParameters = "Invalid params"
    static let invalidNonce = "Invalid nonce"
    static let foreignNonce = "Invalid nonce; is miner not compatible with NiceHash?"
    static let incompatible = "No compatible algorithm found, change algo option in your miner."

    /// A refusal that begins like this makes xmrig close the connection, in letters of either case.
    private static let closing = [
        "unauthenticated", "your ip is banned", "ip address currently banned", "invalid job id",
    ]

    static func closesMiners(_ text: String) -> Bool {
        let text = text.lowercased()
        return Self.closing.contains { text.hasPrefix($0) }
    }

    /// The pool does not know the session any more: all that it is sent is refused.
    static func endsSession(_ text: String) -> Bool { text.lowercased().hasPrefix("unauthenticated") }

    /// The pool does not want the router at all.
    static func isBan(_ text: String) -> Bool { text.lowercased().contains("banned") }

    /// Fragments of lower-case texts; the first that occurs decides.
    private static let fragments: [(String, Rejection.Kind)] = [
        ("duplicate", .duplicate), ("low diff", .lowDifficulty),
        ("block expired", .stale), ("block outdated", .stale), ("stale", .stale), ("outdated", .stale),
        ("invalid job id", .stale), ("job not found", .stale), ("unknown job", .stale),
        ("unauthenticated", .unauthorized), ("banned", .unauthorized), ("permission denied", .unauthorized),
        ("invalid", .malformed), ("malformed", .malformed), ("incorrect algorithm", .malformed),
        ("no compatible algorithm", .malformed),
    ]

    static func kind(_ text: String) -> Rejection.Kind {
        let text = text.lowercased()
        return Self.fragments.first { text.contains($0.0) }?.1 ?? .other
    }

    /// What a miner is told. Refusals in the router's own words get this protocol's; those of a pool are passed on, but
    /// for the texts that would make the miner leave the router for what is between router and pool: these get a harmless
    /// one of the same meaning. A late share above all must not end in a reconnect: it is `Block expired`.
    static func forMiner(_ rejection: Rejection) -> String {
        // The miner's own session is unknown: it shall log in again.
        if rejection.kind == .notSubscribed { return Self.unauthenticated }
        let isPassedOn = rejection.code == Self.code && !rejection.message.isEmpty
        guard !isPassedOn || Self.closesMiners(rejection.message) else { return rejection.message }
        switch rejection.kind {
        case .stale: return Self.stale
        case .duplicate: return Self.duplicate
        case .lowDifficulty: return Self.lowDifficulty
        case .unauthorized, .notSubscribed: return Self.permissionDenied
        case .malformed, .other:
            return rejection.message.isEmpty || Self.closesMiners(rejection.message)
                ? Self.malformed : rejection.message
        }
    }
}

extension Rejection {
    /// A refusal of this protocol.
    init(cryptoNote message: String, kind: Kind? = nil) {
        self.init(code: CryptoNoteText.code, message: message, kind: kind ?? CryptoNoteText.kind(message))
    }
}

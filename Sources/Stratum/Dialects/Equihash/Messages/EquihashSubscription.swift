/// The parameters of a miner's `mining.subscribe`, of which every one may be missing (equihash §2).
///
/// ZIP 301 has `[agent, session, host, port]`; some miners send `[host, port, agent, session]`.
struct EquihashSubscription {
    /// Empty if the miner sent none.
    let userAgent: String
    /// A former session to resume, never empty.
    let sessionID: String?
    /// The parameters name the server that the miner wants: a host and a port beside it.
    let namesServer: Bool

    init(_ params: [JSONValue]) {
        let isServerFirst =
            Self.isPort(params.value(at: 1)) && !Self.isPort(params.value(at: 3))
            && params.value(at: 0).string != nil && params.value(at: 2).string != nil
        let (agent, session) = isServerFirst ? (2, 3) : (0, 1)
        self.userAgent = params.value(at: agent).string ?? ""
        let sessionID = params.value(at: session).string ?? ""
        // Some write their lack of a session as text.
        self.sessionID = sessionID.isEmpty || sessionID.uppercased() == "NULL" ? nil : sessionID
        self.namesServer =
            isServerFirst || params.value(at: 2).string != nil && Self.isPort(params.value(at: 3))
    }

    /// A number from 1 to 65,535, also as text.
    private static func isPort(_ value: JSONValue) -> Bool {
        (value.integer ?? value.string.flatMap { Int($0) }).map { (1...65_535).contains($0) } ?? false
    }
}

/// One line from a miner.
public enum MinerMessage: Sendable {
    /// Something the miner asks for; the answer carries `id`.
    case request(id: MessageID, MinerRequest)
    /// An answer to something we asked (`client.get_version`, a pong), to be swallowed.
    ///
    /// Bitaxe's `{"id":N,"method":"pong"}` is one of these.
    case response(id: MessageID)
}

/// What a miner asks for.
public enum MinerRequest: Sendable {
    case configure(ConfigureRequest)
    /// `userAgent` is empty if the miner sent none; `sessionID` is a former subscription to resume, never empty.
    case subscribe(userAgent: String, sessionID: String?)
    /// Either string is empty if the miner left it out.
    case authorize(user: String, password: String)
    case submit(Submission)
    /// A `mining.submit` that cannot be a share; to be answered with error 20 and `reason`.
    case malformedSubmit(reason: String)
    case extranonceSubscribe
    /// A finite difficulty above zero that the miner would like.
    case suggestDifficulty(Double)
    /// As `suggestDifficulty`; the miner named a target and this is its difficulty.
    case suggestTarget(Double)
    case multiVersion
    case capabilities
    case getTransactions
    case hashesDone
    case ping
    case unknown(method: String)
    /// A method we know with parameters that make no sense.
    case malformed(method: String, reason: String)
}

/// The parameters of `mining.configure` (BIP 310).
public struct ConfigureRequest: Sendable, Hashable {
    /// The code of version rolling.
    public static let versionRolling = "version-rolling"
    /// The code of the miner's minimum difficulty.
    public static let minimumDifficulty = "minimum-difficulty"
    /// The code that announces support of `mining.set_extranonce`.
    public static let subscribeExtranonce = "subscribe-extranonce"
    /// The code under which a miner describes itself.
    public static let info = "info"

    /// The requested extension codes in the order of the request, each once. All of them want a value in the reply.
    public var extensions: [String]
    /// The version bits the miner can roll; all of them if it did not say.
    public var mask: UInt32
    /// How many bits the miner would like to roll at least; a hint only.
    public var minBitCount: Int?
    /// The smallest difficulty the miner wants, finite and above zero.
    public var minimumDifficulty: Double?

    public init(
        extensions: [String],
        mask: UInt32 = .max,
        minBitCount: Int? = nil,
        minimumDifficulty: Double? = nil
    ) {
        self.extensions = extensions
        self.mask = mask
        self.minBitCount = minBitCount
        self.minimumDifficulty = minimumDifficulty
    }
}

public import NIOCore

/// Monero and the other coins whose pools speak CryptoNote's JSON-RPC.
///
/// A link's nonce space is the last of the nonce's four bytes, as NiceHash divides it: every session has a value of its
/// own there, and its miner searches the other three bytes (cryptonote §4).
public struct CryptoNoteDialect: Dialect {
    public static let name = "cryptonote"
    public static let summary = "Monero and other coins of RandomX and CryptoNight"

    public static let usualHashrates = 1e3...200e3
    public static let options: [DialectOption] = [
        DialectOption(
            "algo", .route, defaultValue: "rx/0",
            "Algorithms that pools are told, separated by commas. The first one holds for jobs that name none. If it is"
                + " set, miners that say they know none of them are refused."
        ),
        DialectOption("rigid", .pool, defaultValue: "none", "The rig's name that the pool is told."),
    ]

    /// What pools are told; never empty.
    public let algorithms: [CryptoNoteAlgorithm]
    /// What the operator named; empty if that was left to the default.
    private let required: [CryptoNoteAlgorithm]

    private static let maximumAlgorithmCount = 32

    public init(_ options: DialectOptions = DialectOptions()) throws(DialectOptionError) {
        guard let text = options["algo"] else {
            self.algorithms = [.standard]
            self.required = []
            return
        }
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map {
            String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        let algorithms = names.compactMap { CryptoNoteAlgorithm($0) }
        guard algorithms.count == names.count, algorithms.count <= Self.maximumAlgorithmCount else {
            throw DialectOptionError("algo", "must be 1 to \(Self.maximumAlgorithmCount) names as \"rx/0, cn/r\"")
        }
        if let unserved = algorithms.first(where: { !$0.isServed }) {
            throw DialectOptionError("algo", "\(unserved.name) cannot be divided among miners in this protocol")
        }
        self.algorithms = algorithms
        self.required = algorithms
    }

    /// Nothing in a job is the router's to vary.
    public var renewsWork: Bool { false }
    /// Difficulty counts hashes.
    public var hashesPerDifficulty: Double { 1 }

    /// The weakest processors worth the power, at half a thousand hashes a second, show a share within a minute, and one
    /// of a hundred times that sends five a second until its difficulty follows.
    public var initialDifficulty: Double { 10_000 }

    public var assumedLayout: NonceLayout { NonceLayout(total: 1) }

    /// One byte if all pools leave it, none if one does not.
    public func layout(rooms: [Int]) -> NonceLayout? {
        rooms.min().map { NonceLayout(total: min(max(0, $0), 1)) }
    }

    public func issue(_ job: UpstreamJob, _ request: IssueRequest) -> (any IssuedWork)? {
        CryptoNoteIssue.make(job, request)
    }

    public func makePoolDialogue(_ settings: PoolDialogueSettings) -> any PoolDialogue {
        CryptoNotePoolDialogue(settings: settings, algorithms: self.algorithms)
    }

    public func makeMinerDialogue(_ settings: MinerDialogueSettings) -> any MinerDialogue {
        CryptoNoteMinerDialogue(required: self.required)
    }

    /// `login` with an object: another family's `login` has an array.
    public static func recognizes(_ line: ByteBuffer) -> Bool {
        guard let object = FirstLine.object(of: line) else { return false }
        return object["method"]?.string == "login" && object["params"]?.object?["login"] != nil
    }

    public static func refusal(of line: ByteBuffer, _ text: String) -> ByteBuffer {
        var buffer = ByteBuffer()
        MessageEncoder.cryptoNoteError(id: FirstLine.id(of: line), text, into: &buffer)
        return buffer
    }
}

extension NonceLayout {
    /// Zero is not given out: a miner recognises a divided nonce by its byte not being zero, and one that overlooks the
    /// `nicehash` extension would search the nonces of all the others.
    var cryptoNotePrefixes: PrefixRange {
        self.total > 0 ? PrefixRange(count: 1, values: 1...255) : .single
    }
}

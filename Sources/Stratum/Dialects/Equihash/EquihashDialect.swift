public import NIOCore

/// Zcash and the other coins of Equihash with a header of 140 bytes (ZIP 301).
///
/// A nonce begins with the pool's NONCE_1, which is in the header itself: a miner must be told another one when it moves
/// to another pool, or whenever the pool changes its own.
public struct EquihashDialect: Dialect {
    public static let name = "equihash"
    public static let summary = "Zcash, Horizen, Bitcoin Gold, Flux and other coins of Equihash"
    /// Solutions a second, as the coin's miners and pools say.
    public static let hashrateUnit = "Sol/s"

    public static let usualHashrates = 10e3...840e3
    /// Three hashes in hexadecimal, and what is around them.
    public static let shortestJob = 256
    public static let options = [
        DialectOption(
            Self.validateOption, .route, choices: ["all", "sample", "off"], defaultValue: "all",
            "how many solutions the router verifies: every one, one in sixteen, or none; the target is always checked"
        ),
        DialectOption(
            EquihashCoin.parametersOption, .route, defaultValue: EquihashParameters.zcash.description,
            "n and k, as 200,9 or 144_5; a job that names its own has those"
        ),
        DialectOption(
            EquihashCoin.personalizationOption, .route, defaultValue: EquihashPersonalization.zcash.description,
            "eight characters that the coin is hashed with, or \(EquihashCoin.unverifiable) for Verus, whose solutions "
                + "are believed; a job that names its own has those"
        ),
        DialectOption(
            EquihashCoin.personalizationOption, .pool, defaultValue: "that of the route",
            "the same for one pool"
        ),
    ]

    private static let validateOption = "validate"

    private let coin: EquihashCoin
    private let validation: ShareValidation

    public init(_ options: DialectOptions = DialectOptions()) throws(DialectOptionError) {
        try self.init(options, canHash: BLAKE2bState.isUsable)
    }

    /// - Parameter canHash: the library with BLAKE2b serves; without it solutions cannot be verified.
    package init(_ options: DialectOptions, canHash: Bool) throws(DialectOptionError) {
        switch options[Self.validateOption] {
        case nil, "all": self.validation = .all
        case "sample": self.validation = .sample
        case "off": self.validation = .claimed
        case let text?:
            throw DialectOptionError(Self.validateOption, "\"\(text)\" is none of: all, sample, off")
        }
        guard canHash || self.validation == .claimed else {
            throw DialectOptionError(
                Self.validateOption,
                "solutions cannot be verified, since the libsodium of this machine does not hash with BLAKE2b as it should:"
                    + " install another one, or believe miners with off"
            )
        }
        var coin = EquihashCoin.zcash
        try coin.take(options)
        self.coin = coin
    }

    public var hashesPerDifficulty: Double { EquihashDifficulty.hashesPerDifficulty }
    /// Half a million solutions: about a second of the fastest machines of 2026, a minute of the slowest made for it.
    public var initialDifficulty: Double { 64 }

    public var assumedLayout: NonceLayout { EquihashNonce.layout }

    public func layout(rooms: [Int]) -> NonceLayout? {
        rooms.contains { $0 >= EquihashNonce.layout.total } ? EquihashNonce.layout : nil
    }

    public func issue(_ job: UpstreamJob, _ request: IssueRequest) -> (any IssuedWork)? {
        EquihashIssue.make(job, request)
    }

    public func makePoolDialogue(_ settings: PoolDialogueSettings) -> any PoolDialogue {
        EquihashPoolDialogue(settings: settings, coin: self.coin)
    }

    public func makeMinerDialogue(_ settings: MinerDialogueSettings) -> any MinerDialogue {
        EquihashMinerDialogue(validation: self.validation)
    }

    /// ZIP 301 is known by the host and port in `mining.subscribe`.
    public static func recognizes(_ line: ByteBuffer) -> Bool {
        guard let object = FirstLine.object(of: line), object["method"] == .string("mining.subscribe") else {
            return false
        }
        return EquihashSubscription(object["params"]?.array ?? []).namesServer
    }

    public static func refusal(of line: ByteBuffer, _ text: String) -> ByteBuffer {
        StratumRefusal.line(to: line, text)
    }
}

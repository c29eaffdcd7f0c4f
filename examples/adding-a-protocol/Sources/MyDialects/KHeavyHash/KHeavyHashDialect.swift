public import NIOCore
public import Stratum

/// kHeavyHash as Kaspa's pools and miners speak it: EthereumStratum/1.0.0 in name, and another protocol in fact.
///
/// A nonce has eight bytes. It begins with the pool's extranonce and the router's prefix; the miner searches the rest. The
/// router does not hash, so every miner mines at its pool's difficulty.
public struct KHeavyHashDialect: Dialect {
    public static let name = "kheavyhash"
    public static let summary = "Kaspa and other coins of kHeavyHash"

    public static let options = [
        DialectOption(
            "extranonce_method",
            .route,
            choices: KHeavyHashExtranonceMethod.allCases.map(\.rawValue),
            defaultValue: KHeavyHashExtranonceMethod.plain.rawValue,
            "the name by which the miners of the route know the message with their extranonce"
        )
    ]

    private let extranonceMethod: KHeavyHashExtranonceMethod

    public init(_ options: DialectOptions) throws(DialectOptionError) {
        let text = options["extranonce_method"] ?? KHeavyHashExtranonceMethod.plain.rawValue
        guard let method = KHeavyHashExtranonceMethod(rawValue: text) else {
            let choices = KHeavyHashExtranonceMethod.allCases.map(\.rawValue).joined(separator: " or ")
            throw DialectOptionError("extranonce_method", "\"\(text)\" is not possible; write \(choices)")
        }
        self.extranonceMethod = method
    }

    /// 2²⁵⁶ / ((2²²⁴ - 1) / difficulty) hashes.
    public var hashesPerDifficulty: Double { 0x1p32 }
    /// No less than any pool's.
    public var initialDifficulty: Double { .greatestFiniteMagnitude }
    public var knowsShareDifficulty: Bool { false }

    public var assumedLayout: NonceLayout { NonceLayout(total: 1) }

    /// The smallest room decides; pools without any are left out, or they would keep the others from being used.
    public func layout(rooms: [Int]) -> NonceLayout? {
        rooms.filter { $0 >= 1 }.min().map { NonceLayout(total: min($0, 2)) }
    }

    public func issue(_ job: UpstreamJob, _ request: IssueRequest) -> (any IssuedWork)? {
        (job.work as? KHeavyHashWork).map { KHeavyHashIssue($0, jobID: request.jobID) }
    }

    public func makePoolDialogue(_ settings: PoolDialogueSettings) -> any PoolDialogue {
        KHeavyHashPoolDialogue(settings)
    }

    public func makeMinerDialogue(_ settings: MinerDialogueSettings) -> any MinerDialogue {
        KHeavyHashMinerDialogue(self.extranonceMethod)
    }

    /// A miner of Ethash may begin with the same words.
    public static func recognizes(_ line: ByteBuffer) -> Bool { false }

    public static func refusal(of line: ByteBuffer, _ text: String) -> ByteBuffer {
        StratumRefusal.line(to: line, text)
    }
}

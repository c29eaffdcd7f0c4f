public import NIOCore

/// Ethash and Etchash in the three flavours of their pools. A route may mix them: each miner gets work of the pools whose
/// flavour can be translated into its own.
///
/// Difficulty counts expected hashes. The router cannot hash, so every miner mines at its pool's difficulty.
public struct EthashDialect: Dialect {
    public static let name = "ethash"
    public static let summary = "Ethereum Classic and other coins of Ethash and Etchash"

    public static let usualHashrates = 50e6...20e9
    public static let options = [
        DialectOption(
            "algorithm",
            .route,
            choices: EthashAlgorithm.allCases.map(\.rawValue),
            defaultValue: EthashAlgorithm.ethash.rawValue,
            "How epochs are counted for EthereumStratum/2.0.0 miners of pools that do not say: etchash for Ethereum Classic"
        ),
        DialectOption(
            "flavor",
            .pool,
            choices: EthashFlavor.allCases.map(\.rawValue),
            defaultValue: EthashFlavor.stratum1.rawValue,
            "What the pool speaks: proxy (eth-proxy), stratum1 or stratum2 (EthereumStratum/1.0.0 and 2.0.0)"
        ),
    ]

    private let algorithm: EthashAlgorithm

    public init(_ options: DialectOptions) throws(DialectOptionError) {
        guard let name = options["algorithm"] else {
            self.algorithm = .ethash
            return
        }
        guard let algorithm = EthashAlgorithm(rawValue: name) else {
            throw DialectOptionError("algorithm", "\"\(name)\" is not known: ethash or etchash")
        }
        self.algorithm = algorithm
    }

    /// Nothing in a job is the router's to vary.
    public var renewsWork: Bool { false }
    public var hashesPerDifficulty: Double { 1 }
    /// No less than any pool's.
    public var initialDifficulty: Double { .greatestFiniteMagnitude }
    public var knowsShareDifficulty: Bool { false }

    public var assumedLayout: NonceLayout { NonceLayout(total: 2) }

    /// The smallest room decides; pools without any are left out.
    public func layout(rooms: [Int]) -> NonceLayout? {
        rooms.filter { $0 >= 1 }.min().map { NonceLayout(total: min($0, 2)) }
    }

    public func issue(_ job: UpstreamJob, _ request: IssueRequest) -> (any IssuedWork)? {
        guard let work = job.work as? EthashWork else { return nil }
        return EthashIssue(work, jobID: request.jobID, algorithm: self.algorithm)
    }

    /// The pool's option `flavor` chooses; a value that is not known counts as none.
    public func makePoolDialogue(_ settings: PoolDialogueSettings) -> any PoolDialogue {
        switch settings.options["flavor"].flatMap(EthashFlavor.init(rawValue:)) ?? .stratum1 {
        case .proxy: EthProxyPoolDialogue(settings: settings)
        case .stratum1: EthereumStratum1PoolDialogue(settings: settings)
        case .stratum2: EthereumStratum2PoolDialogue(settings: settings)
        }
    }

    public func makeMinerDialogue(_ settings: MinerDialogueSettings) -> any MinerDialogue {
        EthashMinerDialogue(settings: settings)
    }

    public static func recognizes(_ line: ByteBuffer) -> Bool { self.flavor(of: line) != nil }

    private static func flavor(of line: ByteBuffer) -> EthashFlavor? {
        guard let message = try? EthashMessage(line), let method = message.method else { return nil }
        return EthashFlavor(method: method, params: message.params)
    }

    /// In the words of the line's flavour, so that a client that tries them all goes on with the next.
    public static func refusal(of line: ByteBuffer, _ text: String) -> ByteBuffer {
        let id = FirstLine.id(of: line)
        var buffer = ByteBuffer()
        switch self.flavor(of: line) {
        case .proxy: MessageEncoder.proxyError(id: id, code: 20, message: text, into: &buffer)
        case .stratum2: MessageEncoder.stratum2Error(id: id, code: 400, message: text, into: &buffer)
        case .stratum1, nil: return StratumRefusal.line(to: line, text)
        }
        return buffer
    }
}

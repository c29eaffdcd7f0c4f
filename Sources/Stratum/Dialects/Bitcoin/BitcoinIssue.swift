public import NIOCore

/// One issue of a Stratum V1 job: the pool's extranonce1 and the padding are in the coinbase, so that every session of the
/// link gets the same line (stratum-v1 §13).
public final class BitcoinIssue: IssuedWork {
    /// The pool's coinbase1, its extranonce1 and the padding.
    public let coinbase1: [UInt8]
    public let padding: [UInt8]
    /// What hashing the coinbase of any share begins with: `coinbase1`.
    let coinbaseStart: SHA256d
    public let ntime: UInt32
    /// The pool's share target and that of the network.
    public let poolTarget: Target
    public let networkTarget: Target
    private let cleanLine: ByteBuffer
    private let plainLine: ByteBuffer

    init(
        _ work: BitcoinWork,
        jobID: String,
        padding: [UInt8],
        ntime: UInt32,
        difficulty: Double,
        algorithm: BitcoinAlgorithm
    ) {
        let coinbase1 = work.job.coinbase1 + work.extranonce1 + padding
        self.coinbase1 = coinbase1
        var coinbaseStart = SHA256d()
        coinbaseStart.update(coinbase1)
        self.coinbaseStart = coinbaseStart
        self.padding = padding
        self.ntime = ntime
        self.poolTarget = Target(difficulty: difficulty, multiplier: algorithm.difficultyMultiplier)
        self.networkTarget = Target(nbits: work.job.nbits)
        func line(clean: Bool) -> ByteBuffer {
            var buffer = ByteBuffer()
            MessageEncoder.notify(
                jobID: jobID,
                job: work.job,
                coinbase1: coinbase1,
                ntime: ntime,
                cleanJobs: clean,
                into: &buffer
            )
            return buffer
        }
        self.cleanLine = line(clean: true)
        self.plainLine = line(clean: false)
    }

    /// The encoded `mining.notify`, the same bytes for every session of the link.
    public func notifyLine(clean: Bool) -> ByteBuffer { clean ? self.cleanLine : self.plainLine }

    /// Another issue of `job` as new work (stratum-v1 §13.4): by a counter in the padding where the pool's extranonce2
    /// leaves room for it, otherwise by moving ntime forward. Nil while the only way would be an ntime too far ahead.
    static func make(_ job: UpstreamJob, _ request: IssueRequest, algorithm: BitcoinAlgorithm) -> BitcoinIssue? {
        guard let work = job.work as? BitcoinWork else { return nil }
        let paddingCount = max(0, work.extranonce2Size - request.layout.total)
        let issues = request.issuedBefore
        let counterFits = paddingCount >= 8 || issues < UInt64(1) << UInt64(paddingCount * 8)
        guard let ntime = BlockTime.moved(work.job.ntime, request, isAllThatVaries: !counterFits) else { return nil }
        return BitcoinIssue(
            work,
            jobID: request.jobID,
            padding: Self.padding(counterFits ? issues : 0, count: paddingCount),
            ntime: ntime,
            difficulty: job.difficulty,
            algorithm: algorithm
        )
    }

    private static func padding(_ counter: UInt64, count: Int) -> [UInt8] {
        (0..<count).reversed().map { position in
            position < 8 ? UInt8(truncatingIfNeeded: counter >> UInt64(position * 8)) : 0
        }
    }
}

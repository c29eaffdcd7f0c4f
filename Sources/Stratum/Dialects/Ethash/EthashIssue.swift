public import NIOCore

/// One issue of an Ethash job: the lines that all sessions of the link get. Two issues of one job are the same search,
/// since there is nothing in it that the router could change.
public final class EthashIssue: IssuedWork {
    /// What `mining.set` says of the work beside the extranonce.
    public struct Settings: Sendable, Hashable {
        public var epoch: Int
        public var target: Target
        public var algorithm: String
    }

    public let jobID: String
    public let work: EthashWork
    /// The result of `eth_getWork`.
    public let proxyWork: ByteBuffer
    /// The same as a push.
    public let proxyLine: ByteBuffer
    /// What an EthereumStratum/1.0.0 miner must be told.
    public let stratumDifficulty: Double
    /// What an EthereumStratum/2.0.0 miner must be told; nil if the seed belongs to no known epoch.
    public let settings: Settings?
    private let stratum1Lines: Lines?
    private let stratum2Lines: Lines

    private struct Lines: Sendable {
        let clean: ByteBuffer
        let plain: ByteBuffer

        init(_ write: (_ isClean: Bool, inout ByteBuffer) -> Void) {
            var clean = ByteBuffer()
            write(true, &clean)
            var plain = ByteBuffer()
            write(false, &plain)
            self.clean = clean
            self.plain = plain
        }

        subscript(isClean isClean: Bool) -> ByteBuffer { isClean ? self.clean : self.plain }
    }

    public var padding: [UInt8] { [] }
    public var ntime: UInt32 { 0 }

    /// - Parameter algorithm: how epochs are counted where the pool does not say.
    public init(_ work: EthashWork, jobID: String, algorithm: EthashAlgorithm) {
        self.jobID = jobID
        self.work = work
        var result = ByteBuffer()
        MessageEncoder.proxyWork(work, into: &result)
        self.proxyWork = result
        var line = ByteBuffer()
        MessageEncoder.proxyResult(id: .integer(0), result, into: &line)
        self.proxyLine = line
        self.stratumDifficulty = work.stratumDifficulty ?? work.target.stratumDifficulty
        let epoch = work.epoch ?? work.seed.flatMap { algorithm.epoch(seed: $0) }
        self.settings = epoch.map {
            Settings(epoch: $0, target: work.target, algorithm: work.algorithm ?? algorithm.rawValue)
        }
        // Miners show the height and compute nothing from it.
        let firstOfEpoch = (epoch ?? 0).multipliedReportingOverflow(by: algorithm.epochLength)
        let height = work.height ?? (firstOfEpoch.overflow ? 0 : firstOfEpoch.partialValue)
        self.stratum1Lines = work.seed.map { seed in
            Lines { isClean, line in
                MessageEncoder.stratum1Notify(
                    jobID: jobID, seed: seed, header: work.header, isClean: isClean, into: &line
                )
            }
        }
        self.stratum2Lines = Lines { isClean, line in
            MessageEncoder.stratum2Notify(
                jobID: jobID, height: height, header: work.header, isClean: isClean, into: &line
            )
        }
    }

    /// `mining.notify` of EthereumStratum/1.0.0; nil if the seed is not known.
    public func stratum1Line(clean: Bool) -> ByteBuffer? { self.stratum1Lines?[isClean: clean] }

    /// `mining.notify` of EthereumStratum/2.0.0. Its height is that of the epoch's first block where the pool does not say.
    public func stratum2Line(clean: Bool) -> ByteBuffer { self.stratum2Lines[isClean: clean] }
}

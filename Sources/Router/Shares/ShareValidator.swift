import PoolPool
package import Stratum

/// What the router thinks of a share before any pool has seen it.
package enum ShareJudgement: Sendable, Equatable {
    /// Sizes, version bits or time are impossible; the text is for the miner.
    case malformed(String)
    case duplicate
    case lowDifficulty(shareDifficulty: Double)
    case valid(ValidShare)
}

/// A share that meets its session's difficulty.
package struct ValidShare: Sendable, Equatable {
    package var shareDifficulty: Double
    /// The block version that the hash was made with.
    package var version: UInt32
    package var meetsPoolTarget: Bool
    /// A block. Sent to the pool whatever the bookkeeping says.
    package var meetsNetworkTarget: Bool
}

/// Judges one session's shares: sizes, version bits, time, difficulty, duplicates. The order of checks is that of the usual
/// pools (stratum-v1 §8).
package struct ShareValidator: Sendable {
    /// What makes a submission the same as another one.
    private struct Key: Hashable, Sendable {
        var connection: Int
        var work: UInt64
        var padding: UInt64
        var extranonce2: Extranonce2
        var ntime: UInt32
        var nonce: UInt32
        var version: UInt32
    }

    /// Valid shares seen, in two generations, so that memory is bounded and the newest are never forgotten.
    private var recent: Set<Key> = []
    private var earlier: Set<Key> = []

    private static let generationSize = 4096
    /// A share may be this much below its difficulty: miners compute the target in floating point.
    private static let tolerance = 1 - 1e-9
    /// How far ntime may be ahead of the clock, or of the job, in seconds.
    private static let ntimeAheadOfClock: UInt64 = 7200
    private static let ntimeAheadOfJob: UInt64 = 7000

    package init() {}

    /// - Parameters:
    ///   - difficulty: what the session must meet for this job.
    ///   - mask: version bits the session may roll.
    ///   - unixTime: seconds since 1970.
    package mutating func judge(
        _ submission: Submission,
        job: IssuedJob,
        nonce: SessionNonce,
        mask: UInt32,
        difficulty: Double,
        unixTime: UInt64
    ) -> ShareJudgement {
        guard submission.extranonce2.count == nonce.extranonce2Size else { return .malformed("Invalid nonce2 length") }
        let versions = VersionRolling.candidates(
            jobVersion: job.upstream.job.version,
            mask: mask,
            bits: submission.versionBits
        )
        let ntime = UInt64(submission.ntime)
        let jobTime = UInt64(job.upstream.job.ntime)
        let latest = max(unixTime + Self.ntimeAheadOfClock, jobTime + Self.ntimeAheadOfJob)
        var best: (hash: Hash256, version: UInt32)?
        for version in versions {
            guard ntime >= jobTime, ntime <= latest else { return .malformed("Ntime out of range") }
            let hash = powHash(
                job: job.upstream.job,
                coinbase1: job.coinbase1,
                extranonce1: nonce.prefix,
                extranonce2: submission.extranonce2,
                version: version,
                ntime: submission.ntime,
                nonce: submission.nonce
            )
            if best.map({ hash < $0.hash }) ?? true { best = (hash, version) }
            // The first reading of the bits that makes a share is meant, even if another one would make a better share.
            if hash.difficulty() >= difficulty * Self.tolerance { break }
        }
        guard let (hash, version) = best else { return .malformed("Invalid version mask") }
        let shareDifficulty = hash.difficulty()
        let meetsNetworkTarget = job.networkTarget.isMet(by: hash)
        guard shareDifficulty >= difficulty * Self.tolerance || meetsNetworkTarget else {
            return .lowDifficulty(shareDifficulty: shareDifficulty)
        }
        let key = Key(
            connection: job.connection,
            work: job.work,
            padding: job.padding.suffix(8).reduce(0) { $0 << 8 | UInt64($1) },
            extranonce2: submission.extranonce2,
            ntime: submission.ntime,
            nonce: submission.nonce,
            version: version
        )
        guard self.insert(key) else { return .duplicate }
        return .valid(
            ValidShare(
                shareDifficulty: shareDifficulty,
                version: version,
                meetsPoolTarget: job.poolTarget.isMet(by: hash)
                    || shareDifficulty >= job.upstream.difficulty * Self.tolerance,
                meetsNetworkTarget: meetsNetworkTarget
            )
        )
    }

    /// Forgets the shares of jobs for which none can come any more.
    package mutating func retain(where isLive: (_ connection: Int, _ work: UInt64) -> Bool) {
        self.recent = self.recent.filter { isLive($0.connection, $0.work) }
        self.earlier = self.earlier.filter { isLive($0.connection, $0.work) }
    }

    private mutating func insert(_ key: Key) -> Bool {
        guard !self.earlier.contains(key), self.recent.insert(key).inserted else { return false }
        if self.recent.count >= Self.generationSize {
            self.earlier = self.recent
            self.recent = []
        }
        return true
    }
}

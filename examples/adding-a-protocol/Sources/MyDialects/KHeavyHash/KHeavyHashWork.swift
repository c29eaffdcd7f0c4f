import NIOCore
import Stratum

/// A pool's job, with the extranonce that was in force when it came.
struct KHeavyHashWork: PoolWork {
    var id: String
    /// The hash of the header without its nonce and its time, as the four numbers that the pool sends.
    var header: SIMD4<UInt64>
    /// In milliseconds since 1970. It is hashed as it is: miners do not change it.
    var timestamp: UInt64
    /// What the pool wants nonces to begin with.
    var extranonce: [UInt8]
    var isClean: Bool
    var block: [UInt8]

    func isSameSearch(as other: any PoolWork) -> Bool {
        guard let other = other as? KHeavyHashWork else { return false }
        return self.header == other.header && self.timestamp == other.timestamp && self.extranonce == other.extranonce
    }

    /// How many bytes of the nonce the router may have for prefixes: so many that miners are told three at most, since
    /// they need the other five. A pool that takes three itself leaves none.
    static func room(extranonceCount count: Int) -> Int { min(2, max(0, 3 - count)) }

    /// This job for the router.
    func upstreamJob(difficulty: Double) -> UpstreamJob {
        UpstreamJob(
            work: self,
            difficulty: difficulty,
            room: Self.room(extranonceCount: self.extranonce.count),
            base: self.extranonce
        )
    }
}

/// One issue of a job: the line that all miners of a link get. Two issues of one job are the same search, since there is
/// nothing in it that the router could change.
struct KHeavyHashIssue: IssuedWork {
    let line: ByteBuffer
    /// Pools want the whole nonce, which begins with their own part.
    let padding: [UInt8]
    /// Miners get a time that they may not change.
    var ntime: UInt32 { 0 }

    init(_ work: KHeavyHashWork, jobID: String) {
        var line = ByteBuffer()
        MessageEncoder.kHeavyHashNotify(jobID: jobID, work, into: &line)
        self.line = line
        self.padding = work.extranonce
    }
}

package import NIOCore
package import PoolPool
import Stratum

/// Turns the jobs of one pool link into jobs for its miners, each issue of them new work (stratum-v1 §13.4):
/// by a counter in the padding where the pool's extranonce2 leaves room for it, otherwise by moving ntime forward.
package struct JobIssuer: Sendable {
    private let link: Int
    private let pool: Int32
    private let layout: NonceLayout
    private var current: UpstreamJob?
    private var connection: ConnectionID = 0
    private var receivedAt = NIODeadline.uptimeNanoseconds(0)
    private var epoch: UInt64 = 0
    private var work: UInt64 = 0
    /// Issues of the current pool job so far.
    private var issues: UInt64 = 0
    private var lastNtime: UInt32 = 0

    /// ntime is never moved further beyond the time that has passed than this, in seconds.
    private static let ntimeLead: Int64 = 5
    /// Pools refuse a share whose ntime is 7000 s or more after the job's.
    private static let ntimeLimit: Int64 = 6900

    package init(link: Int, pool: Int32, layout: NonceLayout) {
        self.link = link
        self.pool = pool
        self.layout = layout
    }

    /// True once the link has brought a job.
    package var hasJob: Bool { self.current != nil }

    /// False for a pool whose extranonce2 is too small for this layout.
    package func serves(_ job: UpstreamJob) -> Bool { job.extranonce2Size >= self.layout.total }

    /// The pool has sent a job. Nil if its extranonce2 is too small.
    package mutating func receive(
        _ job: UpstreamJob,
        connection: ConnectionID,
        now: NIODeadline,
        number: UInt64
    ) -> IssuedJob? {
        if job.job.cleanJobs || connection != self.connection { self.epoch += 1 }
        self.connection = connection
        guard self.serves(job) else {
            self.current = nil
            return nil
        }
        let isSameWork = self.current.map { Self.isSameWork($0, job) } ?? false
        if !isSameWork {
            self.work += 1
            self.issues = 0
            self.lastNtime = 0
        }
        // The same job again, as after a reconnect, is as old as it was.
        if !isSameWork || self.current?.job.ntime != job.job.ntime { self.receivedAt = now }
        self.current = job
        return self.issue(now: now, number: number)
    }

    /// The mask of jobs already received changed.
    package mutating func changeVersionMask(_ mask: UInt32) {
        self.current?.versionMask = mask
    }

    /// Another issue of the current job as new work; nil without a job, or while the only way to make it new work would be
    /// an ntime too far ahead: ask again a second later.
    package mutating func issue(now: NIODeadline, number: UInt64) -> IssuedJob? {
        guard let current = self.current else { return nil }
        let paddingCount = current.extranonce2Size - self.layout.total
        let elapsed = min((now - self.receivedAt).nanoseconds / 1_000_000_000, Self.ntimeLimit)
        var ntime = Int64(current.job.ntime) + (self.issues == 0 ? 0 : elapsed)
        let counterFits = paddingCount >= 8 || self.issues < (UInt64(1) << UInt64(max(0, paddingCount) * 8))
        if self.issues > 0, !counterFits {
            ntime = max(ntime, Int64(self.lastNtime) + 1)
            guard ntime <= Int64(current.job.ntime) + elapsed + Self.ntimeLead else { return nil }
        }
        guard let ntime = UInt32(exactly: ntime) else { return nil }
        let job = IssuedJob(
            number: number,
            link: self.link,
            pool: self.pool,
            connection: self.connection,
            upstream: current,
            padding: Self.padding(counterFits ? self.issues : 0, count: paddingCount),
            ntime: ntime,
            epoch: self.epoch,
            work: self.work
        )
        self.issues += 1
        self.lastNtime = max(self.lastNtime, ntime)
        return job
    }

    private static func isSameWork(_ left: UpstreamJob, _ right: UpstreamJob) -> Bool {
        left.extranonce1 == right.extranonce1 && left.extranonce2Size == right.extranonce2Size
            && left.job.previousHash == right.job.previousHash && left.job.coinbase1 == right.job.coinbase1
            && left.job.coinbase2 == right.job.coinbase2 && left.job.merkleBranches == right.job.merkleBranches
            && left.job.version == right.job.version && left.job.nbits == right.job.nbits
    }

    private static func padding(_ counter: UInt64, count: Int) -> [UInt8] {
        (0..<max(0, count)).reversed().map { position in
            position < 8 ? UInt8(truncatingIfNeeded: counter >> UInt64(position * 8)) : 0
        }
    }
}

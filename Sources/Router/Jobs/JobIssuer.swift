package import NIOCore
package import PoolPool
package import Stratum

/// Turns the jobs of one pool link into jobs for its miners, each issue of them new work as far as the dialect can.
package struct JobIssuer: Sendable {
    private let link: Int
    private let pool: Int32
    private let layout: NonceLayout
    private let dialect: any Dialect
    private var current: UpstreamJob?
    private var connection: ConnectionID = 0
    private var receivedAt = NIODeadline.uptimeNanoseconds(0)
    private var epoch: UInt64 = 0
    private var work: UInt64 = 0
    /// Issues of the current pool job so far.
    private var issues: UInt64 = 0
    private var lastNtime: UInt32 = 0

    package init(link: Int, pool: Int32, layout: NonceLayout, dialect: any Dialect) {
        self.link = link
        self.pool = pool
        self.layout = layout
        self.dialect = dialect
    }

    /// True once the link has brought a job.
    package var hasJob: Bool { self.current != nil }

    /// False for a pool that leaves too little nonce space for this layout.
    package func serves(_ job: UpstreamJob) -> Bool { job.room >= self.layout.total }

    /// The pool has sent a job. Nil if it leaves too little nonce space.
    package mutating func receive(
        _ job: UpstreamJob,
        connection: ConnectionID,
        now: NIODeadline,
        number: UInt64
    ) -> IssuedJob? {
        if job.work.isClean || connection != self.connection { self.epoch += 1 }
        self.connection = connection
        guard self.serves(job) else {
            self.current = nil
            return nil
        }
        let former = self.current?.work
        let isSameSearch = former.map { job.work.isSameSearch(as: $0) } ?? false
        if !isSameSearch {
            self.work += 1
            self.issues = 0
            self.lastNtime = 0
        }
        // The same job again, as after a reconnect, is as old as it was.
        if !isSameSearch || former?.ntime != job.work.ntime { self.receivedAt = now }
        self.current = job
        return self.issue(now: now, number: number)
    }

    /// The mask of jobs already received changed.
    package mutating func changeVersionMask(_ mask: UInt32) {
        self.current?.versionMask = mask
    }

    /// Another issue of the current job; nil without a job, or while the dialect cannot make it new work: ask again a
    /// second later.
    package mutating func issue(now: NIODeadline, number: UInt64) -> IssuedJob? {
        guard let current = self.current else { return nil }
        let request = IssueRequest(
            jobID: IssuedJob.id(number),
            layout: self.layout,
            issuedBefore: self.issues,
            age: (now - self.receivedAt).nanoseconds / 1_000_000_000,
            lastNtime: self.lastNtime
        )
        guard let issued = self.dialect.issue(current, request) else { return nil }
        self.issues += 1
        self.lastNtime = max(self.lastNtime, issued.ntime)
        return IssuedJob(
            number: number,
            link: self.link,
            pool: self.pool,
            connection: self.connection,
            upstream: current,
            issued: issued,
            epoch: self.epoch,
            work: self.work
        )
    }
}

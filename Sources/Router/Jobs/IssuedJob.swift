package import NIOCore
package import PoolPool
package import Stratum

/// One issue of a pool's job to the miners of a link: translated once, shared by all of them, never changed. A job that is
/// issued again (keep-alive, return from another pool, new difficulty) is a new issue, and new work as far as the protocol
/// has means for that.
package final class IssuedJob: Sendable {
    /// Unique in the router's life; the miner's job id is its hex form.
    package let number: UInt64
    package let link: Int
    /// The observer's handle of the pool.
    package let pool: Int32
    /// Its shares can be submitted on this connection only.
    package let connection: ConnectionID
    package let upstream: UpstreamJob
    /// The dialect's translation.
    package let issued: any IssuedWork
    /// Counts the clean jobs of the link: a job of an earlier epoch is stale.
    package let epoch: UInt64
    /// The same for all issues of one pool job.
    package let work: UInt64

    init(
        number: UInt64,
        link: Int,
        pool: Int32,
        connection: ConnectionID,
        upstream: UpstreamJob,
        issued: any IssuedWork,
        epoch: UInt64,
        work: UInt64
    ) {
        self.number = number
        self.link = link
        self.pool = pool
        self.connection = connection
        self.upstream = upstream
        self.issued = issued
        self.epoch = epoch
        self.work = work
    }

    /// The miner's job id.
    package var id: String { Self.id(self.number) }
    package var padding: [UInt8] { self.issued.padding }
    package var ntime: UInt32 { self.issued.ntime }

    static func id(_ number: UInt64) -> String { String(number, radix: 16) }

    /// The number of a job id as a miner sends it back; nil if it is none of ours.
    package static func number(_ jobID: ByteBuffer) -> UInt64? {
        let bytes = jobID.readableBytesView
        guard (1...16).contains(bytes.count) else { return nil }
        return Hex.integer(bytes, maximumDigits: 16)
    }
}

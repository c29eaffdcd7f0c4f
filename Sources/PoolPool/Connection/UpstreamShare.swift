package import Stratum

/// A share on its way to its pool.
package struct UpstreamShare: Sendable {
    /// Id of the connection that brought the job: only that one may submit it.
    package var connection: ConnectionID
    package var share: PoolShare
    /// Where the verdict goes; opaque to the pool side.
    package var ticket: ShareTicket

    package init(connection: ConnectionID, share: PoolShare, ticket: ShareTicket) {
        self.connection = connection
        self.share = share
        self.ticket = ticket
    }
}

/// The return address of a share: which share, whose session, on which shard, and the worker it counts for.
package struct ShareTicket: Sendable, Hashable {
    package var share: Int64
    package var session: Int64
    package var shard: Int
    package var worker: Int32
    /// Pool difficulty of the share's job: what its acceptance is worth.
    package var difficulty: Double

    package init(share: Int64, session: Int64, shard: Int, worker: Int32, difficulty: Double) {
        self.share = share
        self.session = session
        self.shard = shard
        self.worker = worker
        self.difficulty = difficulty
    }
}

/// Identifies one TCP connection to a pool for the life of the process.
package typealias ConnectionID = Int

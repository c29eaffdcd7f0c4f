package import Stratum

/// A share as one pool connection needs it.
package struct UpstreamShare: Sendable {
    /// Id of the connection that brought the job: only that one may submit it.
    package var connection: ConnectionID
    package var jobID: String
    /// The router's padding, the session's prefix and the miner's extranonce2: together the pool's extranonce2.
    package var padding: [UInt8]
    package var prefix: [UInt8]
    package var extranonce2: Extranonce2
    package var ntime: UInt32
    package var nonce: UInt32
    package var versionBits: UInt32?
    /// Where the verdict goes; opaque to the pool side.
    package var ticket: ShareTicket

    package init(
        connection: ConnectionID,
        jobID: String,
        padding: [UInt8],
        prefix: [UInt8],
        extranonce2: Extranonce2,
        ntime: UInt32,
        nonce: UInt32,
        versionBits: UInt32?,
        ticket: ShareTicket
    ) {
        self.connection = connection
        self.jobID = jobID
        self.padding = padding
        self.prefix = prefix
        self.extranonce2 = extranonce2
        self.ntime = ntime
        self.nonce = nonce
        self.versionBits = versionBits
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

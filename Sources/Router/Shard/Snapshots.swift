import NIOCore
import PoolPool
package import Stratum

/// What one worker's shares came to since the router started.
package struct WorkerTally: Sendable {
    package var user: String
    package var accepted = 0
    /// By the router and by the pools.
    package var refused: [Rejection.Kind: Int] = [:]
    package var counted = 0
    package var lost = 0
    package var pending = 0
    /// Milliseconds since 1970, UTC.
    package var lastShare: Int64?

    init(user: String) {
        self.user = user
    }

    mutating func received(_ verdict: ShareVerdict, time: Int64) {
        self.lastShare = time
        self.add(verdict)
    }

    mutating func settled(_ verdict: ShareVerdict) {
        self.pending -= 1
        self.add(verdict)
    }

    private mutating func add(_ verdict: ShareVerdict) {
        switch verdict {
        case .pending: self.pending += 1
        case .accepted: self.accepted += 1
        case .refused(let rejection): self.refused[rejection.kind, default: 0] += 1
        case .counted: self.counted += 1
        case .lost: self.lost += 1
        }
    }
}

/// A tally that is changed where it is: changing a value in a dictionary allocates.
final class TallyBox {
    var tally: WorkerTally

    init(_ tally: WorkerTally) {
        self.tally = tally
    }
}

/// One session as the commands show it.
package struct SessionSnapshot: Sendable {
    package var id: Int64
    package var worker: String
    package var remote: String
    package var userAgent: String
    package var connectedAt: Int64
    package var link: Int?
    package var difficulty: Double?
    package var extranonce1: [UInt8]
    package var versionMask: UInt32
    /// H/s.
    package var hashrate: Double?
    /// Standard deviation over mean of ``hashrate``; nil without one.
    package var uncertainty: Double?
    package var accepted: Int
    package var refused: Int
    package var lastShare: Int64?

    init(_ session: SessionHandler, now: NIODeadline) {
        self.id = session.id
        self.worker = session.machine.user ?? ""
        self.remote = session.remote
        self.userAgent = session.machine.userAgent
        self.connectedAt = session.connectedAt
        self.link = session.link
        self.difficulty = session.machine.difficulty
        self.extranonce1 = session.machine.nonce?.told ?? []
        self.versionMask = session.machine.versionMask
        self.hashrate = session.machine.estimate(now: now)?.hashrate
        self.uncertainty = session.machine.estimate(now: now)?.uncertainty
        self.accepted = session.machine.acceptedShares
        self.refused = session.machine.refusedShares
        self.lastShare = session.machine.lastShare
    }
}

/// One event loop's sessions and workers.
package struct ShardSnapshot: Sendable {
    package var sessions: [SessionSnapshot]
    /// Including those that have not authorised yet.
    package var connections: Int
    package var tallies: [WorkerTally]
}

package import NIOCore
package import PoolPool
package import Stratum

/// One issue of a pool's job to the miners of a link: translated and encoded once, shared by all of them, never changed.
/// A job that is issued again (keep-alive, return from another pool, new difficulty) is a new issue with other padding or
/// time, so that it is new work.
package final class IssuedJob: Sendable {
    /// Unique in the router's life; the miner's job id is its hex form.
    package let number: UInt64
    package let link: Int
    /// The observer's handle of the pool.
    package let pool: Int32
    /// Its shares can be submitted on this connection only.
    package let connection: ConnectionID
    package let upstream: UpstreamJob
    /// The pool's coinbase1, its extranonce1 and the padding.
    package let coinbase1: [UInt8]
    package let padding: [UInt8]
    package let ntime: UInt32
    /// Counts the clean jobs of the link: a job of an earlier epoch is stale.
    package let epoch: UInt64
    /// The same for all issues of one pool job.
    package let work: UInt64
    /// The pool's share target and that of the network.
    package let poolTarget: Target
    package let networkTarget: Target
    private let cleanLine: ByteBuffer
    private let plainLine: ByteBuffer

    init(
        number: UInt64,
        link: Int,
        pool: Int32,
        connection: ConnectionID,
        upstream: UpstreamJob,
        padding: [UInt8],
        ntime: UInt32,
        epoch: UInt64,
        work: UInt64
    ) {
        self.number = number
        self.link = link
        self.pool = pool
        self.connection = connection
        self.upstream = upstream
        self.padding = padding
        let coinbase1 = upstream.job.coinbase1 + upstream.extranonce1 + padding
        self.coinbase1 = coinbase1
        self.ntime = ntime
        self.epoch = epoch
        self.work = work
        self.poolTarget = Target(difficulty: upstream.difficulty)
        self.networkTarget = Target(nbits: upstream.job.nbits)
        let id = String(number, radix: 16)
        func line(clean: Bool) -> ByteBuffer {
            var buffer = ByteBuffer()
            MessageEncoder.notify(
                jobID: id,
                job: upstream.job,
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

    /// The miner's job id.
    package var id: String { String(self.number, radix: 16) }

    /// The encoded `mining.notify`, the same bytes for every session of the link.
    package func notifyLine(clean: Bool) -> ByteBuffer { clean ? self.cleanLine : self.plainLine }

    /// The number of a job id as a miner sends it back; nil if it is none of ours.
    package static func number(_ jobID: ByteBuffer) -> UInt64? {
        let bytes = jobID.readableBytesView
        guard (1...16).contains(bytes.count) else { return nil }
        var number: UInt64 = 0
        for byte in bytes {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            number = number << 4 | UInt64(digit)
        }
        return number
    }
}

package import NIOCore
package import PoolPool
package import Stratum

/// What every shard of a route must know before it answers a miner.
package struct RouteFacts: Sendable, Equatable {
    /// Every enabled pool was tried once, or has had its time: sizes and masks are as known as they will be.
    package var isOpen = false
    /// Version bits all known pools let miners roll.
    package var commonMask: UInt32 = 0
    /// Version bits that the pools let miners roll that carry the load now: what a miner is told at first if the common
    /// ones are too few.
    package var entryMask: UInt32 = 0
    /// The kinds of miners that the known pools have work for, as in ``UpstreamJob/kinds``; all while none is known.
    package var kinds: UInt8 = .max
    /// How the nonce space of new sessions is divided.
    package var layout: NonceLayout

    package init(layout: NonceLayout) {
        self.layout = layout
    }
}

/// From a shard to its route's core.
package enum CoreMessage: Sendable {
    /// A miner has to be told what its nonces begin with, before it has said its name.
    case sessionWaits(SessionIntroduction)
    case sessionReady(SessionIntroduction)
    case sessionGone(Int64)
    /// The miner has said that it takes another slice of nonce space while it is connected.
    case sessionCanMove(Int64)
    /// The miner can be moved only by coming back; when it does it goes where it is to mine now.
    case sessionReturns(Int64)
    case share(UpstreamShare, link: Int)
    /// A session needs another issue of this link's job.
    case reissue(link: Int)
    case hashrates([(session: Int64, estimate: HashrateEstimate)])
    /// So many sessions of an ``ShardMessage/assign(sessions:link:receipt:)`` have their new job.
    case delivered(receipt: Int, sessions: Int)
    /// One of them is gone without it.
    case closed(receipt: Int)
}

/// A session that can take jobs, and all that its placement depends on.
package struct SessionIntroduction: Sendable {
    package var session: Int64
    package var shard: Int
    package var identity: SessionIdentity
    package var nonce: NonceGrant
    /// Its nonces begin with bytes of the pool, and it was told those of ``nonce``.
    package var followsPool = false
    /// As in ``UpstreamJob/kinds``.
    package var kind: UInt8 = 1
    package var canChangeNonce: Bool
    package var estimate: HashrateEstimate?

    /// It can be moved to another pool only by connecting again.
    package var isSticky: Bool { self.followsPool && !self.canChangeNonce }
}

/// From a route's core to its shards.
package enum ShardMessage: Sendable {
    package enum IssueKind: Sendable {
        /// The pool sent it: for all sessions of the link.
        case new
        /// For all of them, so that they do not leave for silence.
        case keepAlive
        /// For those who asked.
        case reissue
    }

    case facts(RouteFacts)
    case job(IssuedJob, IssueKind)
    /// Jobs of this connection can no longer be submitted.
    case connectionGone(link: Int, connection: ConnectionID)
    case linkRemoved(Int)
    /// These sessions mine there now. With a receipt the shard says when they have their job.
    case assign(sessions: [Int64], link: Int, receipt: Int? = nil)
    /// The answer to ``CoreMessage/sessionWaits(_:)``.
    case offer(session: Int64, base: [UInt8])
    case settled(ShareTicket, ShareVerdict, latencyMicroseconds: Int64?)
    case settledLate(ShareTicket, ShareVerdict)
    /// No pool can serve these sessions' nonce layout: give them another one.
    case renegotiate([Int64])
    case close([Int64], SessionCloseReason)
}

/// Carries messages from one event loop to another: all that is posted while an event is handled arrives as one batch.
package final class Mailbox<Message: Sendable> {
    private let source: any EventLoop
    private let target: any EventLoop
    private let deliver: @Sendable ([Message]) -> Void
    /// Batches of more messages are rare, and their memory is not kept.
    private static var spareLimit: Int { 1024 }
    private var queue: [Message] = []
    /// The batch before, emptied, for its memory.
    private var spare: [Message] = []

    /// - Parameter deliver: called on `target`.
    package init(
        from source: any EventLoop,
        to target: any EventLoop,
        deliver: @escaping @Sendable ([Message]) -> Void
    ) {
        self.source = source
        self.target = target
        self.deliver = deliver
    }

    /// Call on the source loop.
    package func post(_ message: Message) {
        self.queue.append(message)
        guard self.queue.count == 1 else { return }
        self.source.assumeIsolated().execute { self.flush() }
    }

    private func flush() {
        var batch: [Message] = []
        swap(&batch, &self.spare)
        swap(&batch, &self.queue)
        guard !batch.isEmpty else { return }
        if self.source === self.target {
            self.deliver(batch)
            batch.removeAll(keepingCapacity: batch.capacity <= Self.spareLimit)
            self.spare = batch
        } else {
            self.target.execute { [batch, deliver] in deliver(batch) }
        }
    }
}

@available(*, unavailable)
extension Mailbox: Sendable {}

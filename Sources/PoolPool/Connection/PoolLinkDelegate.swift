package import NIOCore
package import Stratum

/// Who hears what a ``PoolLink`` does. Called on its event loop.
package protocol PoolLinkDelegate: AnyObject {
    /// The pool of a new connection has said what it leaves to its client.
    func link(_ link: PoolLink, subscribed terms: PoolTerms)
    /// Shares may flow on a new connection, which brought this job.
    func link(_ link: PoolLink, readyWith job: UpstreamJob, on connection: ConnectionID)
    func link(_ link: PoolLink, received job: UpstreamJob, on connection: ConnectionID)
    func link(_ link: PoolLink, versionMaskChanged mask: UInt32)
    /// The pool's verdict. `late`: the share had been given up as lost before.
    func link(
        _ link: PoolLink, settled ticket: ShareTicket, verdict: PoolVerdict, after latency: TimeAmount, late: Bool)
    /// No verdict will be waited for any longer.
    func link(_ link: PoolLink, lost tickets: [ShareTicket], because failure: LinkFailure)
    /// The link was ready and is not any more, or an attempt to make it failed.
    func link(_ link: PoolLink, failed failure: LinkFailure, wasReady: Bool)
    /// This connection is gone: jobs it brought can no longer be submitted.
    func link(_ link: PoolLink, closed connection: ConnectionID)
    /// Something speaks against the pool, not yet enough to leave it; nil: it is cleared.
    func link(_ link: PoolLink, suspected reason: String?)
    /// The pool sent what a pool may not send; told once in a while. `isAttack`: it would have taken the hashrate elsewhere.
    func link(_ link: PoolLink, overstepped what: String, isAttack: Bool)
}

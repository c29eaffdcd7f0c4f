import PoolPool
import Stratum

/// What a shard knows of the pool links of its route.
struct ShardLinks {
    /// One of them.
    final class View {
        fileprivate(set) var current: IssuedJob
        /// The epoch of the newest job of each connection that is open.
        fileprivate var epochs: [ConnectionID: UInt64]
        var members: [Int64: SessionHandler] = [:]

        /// So many sessions come at once: their table grows once.
        func expect(_ count: Int) {
            self.members.reserveCapacity(self.members.count + count)
        }

        fileprivate init(current: IssuedJob) {
            self.current = current
            self.epochs = [current.connection: current.epoch]
        }
    }

    private var views: [Int: View] = [:]
    private var reissuesRequested: Set<Int> = []

    /// nil before its first job.
    subscript(link: Int) -> View? { self.views[link] }

    /// Whether a share of this job can still be sent on, and whether it would be in time.
    func standing(of job: IssuedJob) -> JobStanding {
        guard let view = self.views[job.link], let newest = view.epochs[job.connection] else { return .gone }
        guard job.epoch >= newest else { return .stale }
        // A replaced connection settles what was found on it while the block is the same.
        let isCurrent = job.connection == view.current.connection
        return isCurrent || job.upstream.work.block == view.current.upstream.work.block ? .live : .stale
    }

    /// A job of a link was issued.
    mutating func received(_ job: IssuedJob) -> View {
        self.reissuesRequested.remove(job.link)
        guard let view = self.views[job.link] else {
            let view = View(current: job)
            self.views[job.link] = view
            return view
        }
        view.current = job
        view.epochs[job.connection] = job.epoch
        return view
    }

    /// Jobs of this connection can no longer be submitted.
    func closed(_ connection: ConnectionID, of link: Int) {
        self.views[link]?.epochs[connection] = nil
    }

    /// A link is gone for good; its sessions are on none.
    mutating func remove(_ link: Int) {
        for session in self.views[link]?.members.values.map({ $0 }) ?? [] { session.link = nil }
        self.views[link] = nil
    }

    /// Notes that another issue of the link's job is asked for. False if it was already.
    mutating func needsReissue(_ link: Int) -> Bool {
        self.reissuesRequested.insert(link).inserted
    }

    /// A reissue that the core could not make yet may be asked for again.
    mutating func forgetReissues() {
        self.reissuesRequested.removeAll()
    }
}

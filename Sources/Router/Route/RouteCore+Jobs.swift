import NIOCore
import PoolPool
import Stratum

// From the pools' jobs to those of the miners.
extension RouteCore {
    /// Records a job and tells every shard.
    func announce(_ job: IssuedJob, _ kind: ShardMessage.IssueKind) {
        self.lane.issued(job)
        self.post(.job(job, kind))
    }

    func reissue(_ id: Int, kind: ShardMessage.IssueKind) {
        guard let entry = self.link(id), entry.link.isReady else { return }
        guard let job = entry.issuer.issue(now: self.now, number: self.ids.nextJob()) else { return }
        entry.current = job
        entry.lastIssue = self.now
        self.announce(job, kind)
    }

    func received(_ upstream: UpstreamJob, on connection: ConnectionID, for entry: RouteLink, index: Int) {
        let now = self.now
        self.note(room: upstream.room, kinds: upstream.kinds, of: index)
        self.pools[index].versionMask = upstream.versionMask
        self.pools[index].difficulty = upstream.difficulty
        if self.pools[index].block != upstream.work.block {
            self.pools[index].block = upstream.work.block
            self.pools[index].blockSince = now
            if upstream.work.tip == nil { self.policy.blockChanged(index, now: now) }
        }
        self.policy.jobReceived(index, block: upstream.work.tip, now: now)
        self.guardPayout(upstream, on: entry, index: index)
        entry.received = (upstream, connection)
        self.updateFacts()
        let job = entry.issuer.receive(upstream, connection: connection, now: now, number: self.ids.nextJob())
        guard entry.issuer.serves(upstream) else {
            if upstream.work.isClean { self.post(.connectionGone(link: entry.link.id, connection: connection)) }
            // Sessions of this layout cannot mine here; they are placed elsewhere.
            entry.current = nil
            return
        }
        if upstream.work.isClean { entry.lastClean = now }
        entry.owesIssue = job == nil
        guard let job else { return }
        entry.current = job
        entry.lastIssue = now
        self.announce(job, .new)
        // A session that comes over now leaves a job that is old anyway.
        if upstream.work.isClean { self.carryOut(self.policy.cleanJob(of: index, now: now)) }
    }
}

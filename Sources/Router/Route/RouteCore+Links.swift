import Logging
package import NIOCore
package import PoolPool
package import Stratum

// What the pool links tell.
extension RouteCore: PoolLinkDelegate {
    package func link(_ link: PoolLink, subscribed terms: PoolTerms) {
        guard let index = self.poolIndex(link.key.pool) else { return }
        if let room = terms.room { self.note(room: room, of: index) }
        if link.key.user.isEmpty {
            // Without a user there is no job to wait for: that it answers is all we can know.
            self.apply(self.policy.linkReady(index, now: self.now), to: index)
        }
        self.updateFacts()
    }

    package func link(_ link: PoolLink, readyWith job: UpstreamJob, on connection: ConnectionID) {
        guard let entry = self.links[link.key], let index = self.poolIndex(link.key.pool) else { return }
        if entry.refusedUntil != nil {
            entry.refusedUntil = nil
            self.bar()
        }
        self.logger.info(
            "pool link ready",
            metadata: [
                "pool": .string(link.key.pool), "difficulty": "\(job.difficulty)",
                "nonce-room": "\(job.room)",
                "version-mask": .string(String(job.versionMask, radix: 16)),
            ]
        )
        self.received(job, on: connection, for: entry, index: index)
        self.apply(self.policy.linkReady(index, now: self.now), to: index)
        self.answerOffers()
        if entry.canServe {
            let waiting = self.placements.filter { $0.value.wanted == link.key || $0.value.link == nil }.map(\.key)
            self.place(waiting, cause: "\(link.key.pool) is ready")
        } else {
            self.place(Array(entry.sessions), cause: "the nonce space of \(link.key.pool) changed")
        }
    }

    package func link(_ link: PoolLink, received job: UpstreamJob, on connection: ConnectionID) {
        guard let entry = self.links[link.key], let index = self.poolIndex(link.key.pool) else { return }
        let couldServe = entry.canServe
        self.received(job, on: connection, for: entry, index: index)
        if couldServe != entry.canServe { self.placeAll(cause: "the nonce space of \(link.key.pool) changed") }
    }

    package func link(_ link: PoolLink, versionMaskChanged mask: UInt32) {
        guard let entry = self.links[link.key], let index = self.poolIndex(link.key.pool) else { return }
        self.pools[index].versionMask = mask
        entry.received?.job.versionMask = mask
        entry.issuer.changeVersionMask(mask)
        self.updateFacts()
        self.reissue(link.id, kind: .keepAlive)
    }

    package func link(
        _ link: PoolLink,
        settled ticket: ShareTicket,
        verdict: PoolVerdict,
        after latency: TimeAmount,
        late: Bool
    ) {
        guard let index = self.poolIndex(link.key.pool) else { return }
        let microseconds = latency.nanoseconds / 1000
        let shareVerdict: ShareVerdict
        switch verdict {
        case .accepted: shareVerdict = .accepted
        case .rejected(let rejection): shareVerdict = .refused(rejection)
        }
        if late {
            self.pools[index].tally.late += 1
            self.post(.settledLate(ticket, shareVerdict), to: ticket.shard)
            return
        }
        self.pools[index].tally.latencies.add(microseconds)
        if verdict == .accepted {
            let work = ticket.difficulty
            self.pools[index].tally.accepted += 1
            self.pools[index].tally.acceptedWork += work
            self.policy.accepted(
                index, session: ticket.session, worker: ticket.worker, work: work, latency: latency, now: self.now
            )
        } else {
            self.pools[index].tally.rejected += 1
        }
        self.post(.settled(ticket, shareVerdict, latencyMicroseconds: microseconds), to: ticket.shard)
        if case .rejected(let rejection) = verdict {
            let change = self.policy.rejected(
                index, rejection, worker: ticket.worker, latency: latency, now: self.now
            )
            self.apply(change, to: index)
        }
    }

    package func link(_ link: PoolLink, lost tickets: [ShareTicket], because failure: LinkFailure) {
        if let index = self.poolIndex(link.key.pool) {
            self.pools[index].tally.lost += tickets.count
            self.pools[index].lostInOutage += tickets.count
            self.pools[index].workLostInOutage += tickets.reduce(0) { $0 + $1.difficulty }
        }
        for ticket in tickets {
            self.post(.settled(ticket, .lost(failure.kind.rawValue), latencyMicroseconds: nil), to: ticket.shard)
        }
        // On a link that lives: the pool had its time.
        if failure.kind == .unanswered, link.isReady, let index = self.poolIndex(link.key.pool) {
            self.apply(self.policy.unanswered(index, tickets.count, now: self.now), to: index)
        }
    }

    package func link(_ link: PoolLink, failed failure: LinkFailure, wasReady: Bool) {
        guard let entry = self.links[link.key], let index = self.poolIndex(link.key.pool), !self.isStopping else {
            return
        }
        self.pools[index].lastFailure = failure
        if failure.kind == .authorizationRefused {
            entry.refusedUntil = self.now + TimeAmount(self.configuration.health.reconnectMaximum)
            self.bar()
            self.announce(.authorizationRefused, pool: index, cause: "\(failure.detail) (user \(link.key.user))")
        }
        // Without a worker there is nothing to do on the link but to be closed some time.
        if link.key.user.isEmpty, failure.kind == .closed || failure.kind == .reset { return }
        let isOneWorkersFault =
            failure.kind == .authorizationRefused && self.policy.pools[index].configuration.isPerWorker
        let otherReady = self.links.contains { $0.key.pool == link.key.pool && $0.value.link.isReady }
        if !otherReady, !isOneWorkersFault {
            self.apply(self.policy.linksFailed(index, failure.description, now: self.now), to: index)
        } else if wasReady || isOneWorkersFault {
            self.place(Array(entry.sessions), cause: failure.description, isFailure: true)
        }
        self.updateFacts()
    }

    package func link(_ link: PoolLink, suspected reason: String?) {
        guard let index = self.poolIndex(link.key.pool) else { return }
        self.apply(self.policy.suspected(index, reason, now: self.now), to: index)
    }

    package func link(_ link: PoolLink, overstepped what: String, isAttack: Bool) {
        guard let index = self.poolIndex(link.key.pool) else { return }
        self.overstepped(what, isAttack: isAttack, index: index)
    }

    /// A connection is gone: its jobs can no longer be submitted.
    package func link(_ link: PoolLink, closed connection: ConnectionID) {
        self.post(.connectionGone(link: link.id, connection: connection))
    }
}

import NIOCore
import PoolPool
import Router

// What must hold after every event.
extension InvariantWorld {
    /// A pool that was without fault for this long has been found usable: connecting, backing off and shaking hands
    /// take less with the worlds' settings.
    private static let recovery = TimeAmount.seconds(12)
    private static let replyTime = TimeAmount.seconds(17)

    func check() {
        for miner in self.miners where miner.isOpen {
            self.checkWork(of: miner)
            for question in miner.questions where self.now - question.asked > Self.replyTime {
                self.violation(
                    "\(miner.name) waits for an answer since \(self.now - question.asked): \(question.params)")
            }
        }
        self.checkClosures()
    }

    func checkAll() {
        self.check()
        self.checkPrefixes()
        self.checkBooks()
    }

    /// Nothing is left open when the router has stopped.
    func checkEnd() {
        self.checkBooks()
        if !self.observer.pending.isEmpty {
            self.violation("shares without a final verdict: \(self.observer.pending.keys.sorted())")
        }
        for miner in self.miners where miner.isOpen && !miner.questions.isEmpty {
            self.violation("\(miner.name) was never answered: \(miner.questions.map(\.params))")
        }
    }

    /// While a pool is usable, each session that fits it holds its pool's newest job within a second.
    private func checkWork(of miner: ModelMiner) {
        guard let readySince = miner.readySince, self.now - readySince >= .seconds(1), self.canServe(miner) else {
            self.worklessSince[miner.session] = nil
            return
        }
        guard let lack = self.lack(of: miner) else {
            self.worklessSince[miner.session] = nil
            return
        }
        let since = self.worklessSince[miner.session] ?? self.now
        self.worklessSince[miner.session] = since
        if self.now - since > .seconds(1) {
            self.violation(
                "\(miner.name), session \(miner.session), for \((self.now - since).nanoseconds / 1_000_000) ms: \(lack)"
            )
        }
    }

    private func lack(of miner: ModelMiner) -> String? {
        guard let coinbase1 = miner.currentCoinbase1 else { return "no job" }
        guard let (pool, connection) = self.connection(of: coinbase1) else {
            return "a job of a connection that is gone"
        }
        if let since = self.withdrawnSince[pool.name], self.now > since {
            return "a job of the withdrawn \(pool.name)"
        }
        if let better = self.better(than: pool, for: miner) {
            return "a job of \(pool.name), which is put aside, though \(better) is not"
        }
        return coinbase1.hasPrefix(connection.lastCoinbase1) ? nil : "an old job of \(pool.name)"
    }

    /// A pool has been usable long enough, and its extranonce2 holds the session's.
    private func canServe(_ miner: ModelMiner) -> Bool {
        self.pools.contains { self.canServe(miner, at: $0) && self.isAllowed(miner, at: $0.name) }
    }

    private func canServe(_ miner: ModelMiner, at pool: ModelPool) -> Bool {
        guard let good = pool.goodSince, let enabled = self.enabledSince[pool.name] else { return false }
        return self.now - good >= Self.recovery && self.now - enabled >= Self.recovery
            && self.now - pool.lastJob < .seconds(30)
            && pool.extranonce2Size >= miner.extranonce1.utf8.count / 2 + miner.extranonce2Size
    }

    /// A pool that could have the miner and is not put aside, if `pool` is.
    private func better(than pool: ModelPool, for miner: ModelMiner) -> String? {
        let snapshots = self.core.snapshot().pools
        func snapshot(_ name: String) -> PoolSnapshot? { snapshots.first { $0.configuration.name == name } }
        guard snapshot(pool.name)?.ejection != nil else { return nil }
        return self.pools.first { other in
            guard other.name != pool.name, self.canServe(miner, at: other), let found = snapshot(other.name) else {
                return false
            }
            return found.ejection == nil && found.health == .up && self.isAllowed(miner, at: other.name)
        }?.name
    }

    /// No strict rule keeps the miner away from the pool.
    private func isAllowed(_ miner: ModelMiner, at pool: String) -> Bool {
        let rule = self.configuration.pins.first { $0.matches(login: miner.name, remote: "", listener: "") }
        return rule.map { !$0.isStrict || $0.pools.contains { $0.pool == pool } } ?? true
    }

    private func checkClosures() {
        for (session, reason) in self.observer.takeClosures() {
            self.note("session \(session) closed: \(reason)")
            switch reason {
            case "closed by the miner", "kicked": continue
            case "no usable pool", "no pool fits its nonce space":
                guard let miner = self.miners.first(where: { $0.session == session }), self.canServe(miner) else {
                    continue
                }
                self.violation("session \(session) was closed though a pool could serve it: \(reason)")
            default:
                self.violation("session \(session) was closed: \(reason)")
            }
        }
        self.dropClosedMiners()
    }

    /// No two sessions of a link hold the same prefix, and none holds the start of another's.
    private func checkPrefixes() {
        var prefixes: [Int: [[UInt8]]] = [:]
        for session in self.shards.flatMap({ $0.snapshot().sessions }) {
            guard let link = session.link else { continue }
            prefixes[link, default: []].append(session.extranonce1)
        }
        for (link, prefixes) in prefixes {
            for (index, prefix) in prefixes.enumerated() {
                for other in prefixes[(index + 1)...] where prefix.starts(with: other) || other.starts(with: prefix) {
                    self.violation("link \(link) has the prefixes \(prefix) and \(other)")
                }
            }
        }
    }

    /// What the router counts, what the ledger holds and what the pools answered is the same, at every moment.
    private func checkBooks() {
        for pool in self.core.snapshot().pools {
            let name = pool.configuration.name
            let tally = pool.tally
            if tally.forwarded != tally.accepted + tally.rejected + tally.lost + pool.pending {
                self.violation(
                    "\(name): forwarded \(tally.forwarded), accepted \(tally.accepted), rejected \(tally.rejected), "
                        + "lost \(tally.lost), pending \(pool.pending)"
                )
            }
            guard let handle = self.observer.pools[name] else { continue }
            let counts = self.observer.counts[handle] ?? RecordingObserver.Counts()
            let model = self.pools.first { $0.name == name }
            if let answered = model?.answered, answered != counts.accepted + counts.rejected + counts.late {
                self.violation("\(name) answered \(answered) shares, the ledger has \(counts)")
            }
            guard !self.removedPools.contains(name) else { continue }
            let routed = RecordingObserver.Counts(
                forwarded: tally.forwarded,
                accepted: tally.accepted,
                rejected: tally.rejected,
                lost: tally.lost,
                late: tally.late
            )
            if routed != counts { self.violation("\(name): the router counts \(routed), the ledger \(counts)") }
        }
    }
}

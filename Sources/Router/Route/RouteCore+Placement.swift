import Foundation
import Logging
import NIOCore
import PoolPool

// Which session mines where.
extension RouteCore {
    /// A move of sessions from one pool to another, for the event and the log.
    private struct Move: Hashable {
        var from: String
        var to: String
    }

    func placeAll(cause: String) {
        self.place(Array(self.placements.keys), cause: cause)
    }

    /// Finds each session the best pool there is now, and moves it if that is another one.
    /// - Parameter isFailure: the sessions' link is gone although their pool may still have others.
    func place(_ sessions: [Int64], cause: String, isFailure: Bool = false) {
        guard !sessions.isEmpty else { return }
        var loads = self.hashrates()
        let typical = self.typicalHashrate()
        var assignments: [LinkKey: [Int64]] = [:]
        var moves: [Move: Int] = [:]
        var homeless: [Int64] = []
        for session in sessions {
            guard var placement = self.placements[session] else { continue }
            let former = placement.link
            let counted = (placement.wanted ?? placement.link)?.pool
            let candidates = self.candidates(for: placement)
            let target = self.choose(candidates, for: &placement, loads: loads, typical: typical)
            if target == nil, former.map({ self.links[$0]?.canServe ?? false }) != true {
                if placement.idleSince == nil { placement.idleSince = self.now }
                if let former { self.links[former]?.sessions.remove(session) }
                placement.link = nil
                homeless.append(session)
            }
            if let target, target != former {
                if let former {
                    self.links[former]?.sessions.remove(session)
                    if former.pool != target.pool { moves[Move(from: former.pool, to: target.pool), default: 0] += 1 }
                }
                self.links[target]?.sessions.insert(session)
                placement.link = target
                placement.idleSince = nil
                assignments[target, default: []].append(session)
            }
            self.placements[session] = placement
            let hashrate = placement.hashrate ?? typical
            if let index = counted.flatMap({ self.poolIndex($0) }) { loads[index] -= hashrate }
            let now = (placement.wanted ?? placement.link)?.pool
            if let index = now.flatMap({ self.poolIndex($0) }) { loads[index] += hashrate }
        }
        self.assign(assignments)
        for (move, count) in moves { self.announce(move, sessions: count, cause: cause, isFailure: isFailure) }
        self.rescue(homeless, cause: cause)
    }

    /// Moves sessions for the balance between pools of equal priority.
    func balance() {
        let candidates = self.pools.map { self.candidate($0, standing: self.standing($0)) }
        guard let tier = PoolSelector.tiers(candidates).first, tier.count > 1 else { return }
        let typical = self.typicalHashrate()
        var members: [WeightedBalancer.Member] = []
        for (session, placement) in self.placements {
            guard let name = placement.link?.pool, placement.wanted == nil,
                let position = tier.firstIndex(where: { self.pools[$0].configuration.name == name })
            else { continue }
            members.append(
                WeightedBalancer.Member(session: session, pool: position, hashrate: placement.hashrate ?? typical)
            )
        }
        let loads = tier.indices.map { position in
            WeightedBalancer.Load(
                weight: self.pools[tier[position]].configuration.weight,
                hashrate: members.reduce(0) { $1.pool == position ? $0 + $1.hashrate : $0 }
            )
        }
        let total = loads.reduce(0) { $0 + $1.hashrate }
        let moves = WeightedBalancer.moves(
            members: members,
            loads: loads,
            correction: self.corrections(tier, loads: loads, total: total),
            tolerance: 0.02,
            limit: max(1, members.count / 5)
        )
        var assignments: [LinkKey: [Int64]] = [:]
        var counts: [Move: Int] = [:]
        for move in moves {
            let pool = self.pools[tier[move.to]]
            guard let placement = self.placements[move.session], let former = placement.link,
                self.standing(pool, for: placement) == .good
            else { continue }
            let key = self.key(pool.configuration, placement.introduction)
            guard self.ensureLink(key, pool.configuration).canServe else {
                self.placements[move.session]?.wanted = key
                continue
            }
            self.links[former]?.sessions.remove(move.session)
            self.links[key]?.sessions.insert(move.session)
            self.placements[move.session]?.link = key
            assignments[key, default: []].append(move.session)
            counts[Move(from: former.pool, to: key.pool), default: 0] += 1
        }
        self.assign(assignments)
        for (move, count) in counts { self.announce(move, sessions: count, cause: "balance") }
    }

    /// Forgets past work slowly (half in about seven minutes): old imbalance is not made up for ever.
    func decayWork(over time: TimeAmount) {
        let factor = exp(-Double(time.nanoseconds) / 1e9 / Self.workMemory)
        for index in self.pools.indices { self.pools[index].recentWork *= factor }
    }

    private static let workMemory = 600.0
    /// Past imbalance is made up over about this many seconds, with at most this share of the load.
    private static let correctionTime = 300.0
    private static let correctionLimit = 0.5

    /// H/s that each pool of the tier should have beyond its weight to make up for the work so far.
    private func corrections(_ tier: [Int], loads: [WeightedBalancer.Load], total: Double) -> [Double] {
        let weights = WeightedBalancer.normalized(loads)
        let work = tier.map { self.pools[$0].recentWork }
        let sum = work.reduce(0, +)
        return tier.indices.map { position in
            let lack = (weights[position] * sum - work[position]) * hashesPerDifficulty / Self.correctionTime
            let limit = Self.correctionLimit * total
            return max(-limit, min(limit, lack))
        }
    }

    // MARK: Choice

    /// What speaks for a pool apart from any session.
    func standing(_ pool: RoutePool) -> PoolCandidate.Standing {
        guard pool.administration == .enabled else { return .unusable }
        switch pool.health.state {
        case .untested: return pool.configuration.isPerWorker ? .good : .unusable
        case .up: return .good
        case .suspect: return .suspect
        case .recovering: return .recovering
        case .down: return .unusable
        }
    }

    private func standing(_ pool: RoutePool, for placement: Placement) -> PoolCandidate.Standing {
        if let size = pool.extranonce2Size, size < placement.introduction.nonce.layout.total { return .unusable }
        let key = self.key(pool.configuration, placement.introduction)
        if let refusedUntil = self.links[key]?.refusedUntil, self.now < refusedUntil { return .unusable }
        let standing = self.standing(pool)
        // What is merely suspect keeps those it has.
        if standing == .suspect, placement.link == key, self.links[key]?.canServe == true { return .good }
        return standing
    }

    func candidate(_ pool: RoutePool, standing: PoolCandidate.Standing) -> PoolCandidate {
        PoolCandidate(
            name: pool.configuration.name,
            priority: pool.configuration.priority,
            weight: pool.configuration.weight,
            standing: standing
        )
    }

    private func candidates(for placement: Placement) -> [PoolCandidate] {
        self.pools.map { self.candidate($0, standing: self.standing($0, for: placement)) }
    }

    /// The link to mine on now. Sets `placement.wanted` when a better one is not ready yet.
    private func choose(
        _ candidates: [PoolCandidate],
        for placement: inout Placement,
        loads: [Double],
        typical: Double
    ) -> LinkKey? {
        // What was chosen before stays chosen within its tier: first the pool it waits for, then the one it is on.
        let preferred = placement.wanted?.pool ?? placement.link?.pool
        placement.wanted = nil
        for tier in PoolSelector.tiers(candidates) {
            for index in self.order(tier, for: placement, preferred: preferred, loads: loads, typical: typical) {
                let configuration = self.pools[index].configuration
                let key = self.key(configuration, placement.introduction)
                if self.ensureLink(key, configuration).canServe { return key }
                if placement.wanted == nil { placement.wanted = key }
                // Better to go on where it is than to be moved twice.
                if let current = placement.link, self.links[current]?.canServe == true { return current }
            }
        }
        return nil
    }

    /// The pools of a tier, best first: the preferred one, then the one that lacks most.
    private func order(
        _ tier: [Int],
        for placement: Placement,
        preferred: String?,
        loads: [Double],
        typical: Double
    ) -> [Int] {
        guard tier.count > 1 else { return tier }
        if let preferred,
            let position = tier.firstIndex(where: { self.pools[$0].configuration.name == preferred }),
            self.pools[tier[position]].configuration.weight > 0
        {
            var order = tier
            order.insert(order.remove(at: position), at: 0)
            return order
        }
        var left = tier
        var order: [Int] = []
        while !left.isEmpty {
            let balance = left.map {
                WeightedBalancer.Load(weight: self.pools[$0].configuration.weight, hashrate: loads[$0])
            }
            let choice = WeightedBalancer.choose(loads: balance, hashrate: placement.hashrate ?? typical) ?? 0
            order.append(left.remove(at: choice))
        }
        return order
    }

    func key(_ pool: PoolConfiguration, _ introduction: SessionIntroduction) -> LinkKey {
        LinkKey(
            pool: pool.name,
            user: pool.upstreamUser(login: introduction.login),
            space: introduction.nonce.space
        )
    }

    func ensureLink(_ key: LinkKey, _ configuration: PoolConfiguration) -> RouteLink {
        if let entry = self.links[key] { return entry }
        // The link that was waiting for a first worker becomes this one's.
        if configuration.isPerWorker, let entry = self.adoptWaitingLink(as: key) { return entry }
        return self.open(key, configuration, user: key.user)
    }

    /// H/s of each pool's sessions, those included that only wait for their link.
    private func hashrates() -> [Double] {
        var loads = [Double](repeating: 0, count: self.pools.count)
        let typical = self.typicalHashrate()
        for placement in self.placements.values {
            guard let pool = (placement.wanted ?? placement.link)?.pool, let index = self.poolIndex(pool) else {
                continue
            }
            loads[index] += placement.hashrate ?? typical
        }
        return loads
    }

    /// What a session of unknown hashrate is taken for: the mean of the known ones.
    private func typicalHashrate() -> Double {
        let known = self.placements.values.compactMap(\.hashrate)
        return known.isEmpty ? 1 : max(1, known.reduce(0, +) / Double(known.count))
    }

    // MARK: Consequences

    private func assign(_ assignments: [LinkKey: [Int64]]) {
        for (key, sessions) in assignments {
            guard let id = self.links[key]?.link.id else { continue }
            let byShard = Dictionary(grouping: sessions) { self.placements[$0]?.introduction.shard ?? -1 }
            for (shard, sessions) in byShard { self.post(.assign(sessions: sessions, link: id), to: shard) }
        }
    }

    /// Sessions no pool can take as they are: given another nonce layout if that helps.
    private func rescue(_ sessions: [Int64], cause: String) {
        guard !sessions.isEmpty else { return }
        let fitting = sessions.filter { session in
            guard let placement = self.placements[session] else { return false }
            // One that waits for a link to open has a pool that fits it.
            return placement.wanted == nil && placement.introduction.nonce.layout.total > self.facts.layout.total
                && self.pools.contains { self.standing($0) != .unusable }
        }
        if !fitting.isEmpty {
            self.logger.warning(
                "the usable pools' extranonce2 is too small for these sessions: they must change theirs",
                metadata: ["sessions": "\(fitting.count)", "cause": .string(cause)]
            )
            let byShard = Dictionary(grouping: fitting) { self.placements[$0]?.introduction.shard ?? -1 }
            for session in fitting { self.forget(session) }
            for (shard, sessions) in byShard { self.post(.renegotiate(sessions), to: shard) }
        }
        let held = sessions.filter { self.placements[$0].map { $0.wanted == nil } ?? false }.count
        guard held > 0, cause != "new session" else { return }
        self.logger.warning(
            "no usable pool: holding sessions",
            metadata: ["sessions": "\(held)", "for": "\(self.configuration.health.hold.text)", "cause": .string(cause)]
        )
        self.announce(.hold, pool: nil, cause: cause, sessions: held)
    }

    // MARK: Events

    private func announce(_ move: Move, sessions: Int, cause: String, isFailure: Bool = false) {
        guard let from = self.poolIndex(move.from), let to = self.poolIndex(move.to) else { return }
        let source = self.pools[from]
        let target = self.pools[to]
        let kind: PoolEvent.Kind
        if source.administration != .enabled {
            kind = .rebalance
        } else if isFailure || self.standing(source) == .unusable {
            kind = .failover
        } else if target.configuration.priority < source.configuration.priority {
            kind = .failback
        } else {
            kind = .rebalance
        }
        let isFailover = kind == .failover
        self.announce(
            kind,
            pool: isFailover ? from : to,
            cause: cause,
            from: move.from,
            to: move.to,
            detection: isFailover ? source.lastFailure?.detection : nil,
            sessions: sessions,
            lost: isFailover ? source.lostInOutage : nil
        )
        // Each lost share is told once.
        if isFailover { self.pools[from].lostInOutage = 0 }
    }

    func announce(
        _ kind: PoolEvent.Kind,
        pool index: Int?,
        cause: String,
        from: String? = nil,
        to: String? = nil,
        detection: Int64? = nil,
        sessions: Int? = nil,
        lost: Int? = nil
    ) {
        let pool = index.map { self.pools[$0].configuration.name } ?? ""
        let event = PoolEvent(
            kind: kind,
            time: self.time,
            route: self.configuration.name,
            pool: pool,
            from: from,
            to: to,
            cause: cause,
            detection: detection,
            sessionsMoved: sessions,
            sharesLost: lost
        )
        self.lane.happened(event)
        var metadata: Logger.Metadata = ["pool": .string(pool), "cause": .string(cause)]
        if let from { metadata["from"] = .string(from) }
        if let to { metadata["to"] = .string(to) }
        if let detection { metadata["detection-ms"] = "\(detection)" }
        if let sessions { metadata["sessions"] = "\(sessions)" }
        if let lost { metadata["shares-lost"] = "\(lost)" }
        let level: Logger.Level
        switch kind {
        case .down, .failover, .suspect, .authorizationRefused, .hold: level = .warning
        case .up, .cleared, .recovering, .failback, .rebalance, .drained, .enabled, .disabled: level = .notice
        }
        self.logger.log(level: level, "\(kind.rawValue)", metadata: metadata)
    }

    /// What a change of a pool's health means for everyone.
    func apply(_ change: HealthTracker.Change?, to index: Int) {
        guard let change else { return }
        self.updateFacts()
        switch change {
        case .cameUp:
            self.announce(.up, pool: index, cause: "connected")
            self.placeAll(cause: "\(self.pools[index].configuration.name) came up")
        case .becameSuspect(let reason):
            self.announce(.suspect, pool: index, cause: reason)
        case .cleared:
            self.announce(.cleared, pool: index, cause: "answers again")
        case .wentDown(let cause):
            let detection = self.pools[index].lastFailure?.detection
            self.announce(.down, pool: index, cause: cause, detection: detection, lost: self.pools[index].lostInOutage)
            self.placeAll(cause: cause)
            self.pools[index].lostInOutage = 0
        case .beganRecovery:
            self.announce(.recovering, pool: index, cause: "connected again")
            self.placeAll(cause: "\(self.pools[index].configuration.name) is back, not yet trusted")
        case .recovered:
            let stable = self.configuration.health.failbackAfter.text
            self.announce(.up, pool: index, cause: "stable for \(stable)")
            self.placeAll(cause: "\(self.pools[index].configuration.name) has been stable for \(stable)")
        }
    }
}

import NIOCore
import PoolPool
import Router
import Stratum

/// A policy with what a route does around it: a session that cannot stay is placed at once, moves are carried out, and
/// time passes in seconds.
struct PolicyWorld {
    /// A change, the name of its pool and the second it was told in.
    struct Told: Equatable {
        var second: Int
        var pool: String
        var change: PolicyChange
    }

    /// A session that was given to another pool, by the balance or because it could not stay.
    struct Moved: Equatable {
        var second: Int
        var session: Int64
        var pool: String?
    }

    var policy: RoutePolicy
    private(set) var second = 0
    private(set) var told: [Told] = []
    private(set) var moved: [Moved] = []
    private var sessions: [Int64: Double] = [:]
    private var worker: Int32 = 0

    /// An account of one user: its pools need no link for each worker.
    static func pool(_ name: String, priority: Int = 1, weight: Double = 1, coin: String = "") -> PoolConfiguration {
        PoolConfiguration(
            name: name,
            endpoint: PoolEndpoint(transport: .tcp, host: "\(name).example", port: 3333),
            user: "account",
            priority: priority,
            weight: weight,
            coin: coin
        )
    }

    static func configuration(_ pools: [PoolConfiguration], pins: [PinRule] = []) -> RouteConfiguration {
        RouteConfiguration(name: "btc", listeners: [], pools: pools, pins: pins)
    }

    /// All pools are up.
    init(
        _ pools: [PoolConfiguration],
        pins: [PinRule] = [],
        _ adjust: (inout RouteConfiguration) -> Void = { _ in }
    ) {
        var configuration = Self.configuration(pools, pins: pins)
        adjust(&configuration)
        self.policy = RoutePolicy(configuration: configuration, now: Self.time(0))
        for pool in pools { self.policy.add(pool, now: Self.time(0)) }
        for index in pools.indices { _ = self.policy.linkReady(index, now: Self.time(0)) }
    }

    private static func time(_ second: Int) -> NIODeadline {
        .uptimeNanoseconds(UInt64(10_000 + second) * 1_000_000_000)
    }

    var now: NIODeadline { Self.time(self.second) }

    // MARK: Sessions

    /// - Parameter hashrate: H/s, known well.
    mutating func arrive(
        _ sessions: ClosedRange<Int64>,
        login: String = "farm.1",
        remote: String = "10.0.0.1",
        hashrate: Double = 1e12,
        barred: UInt64 = 0
    ) {
        for session in sessions {
            self.sessions[session] = hashrate
            self.policy.arrived(
                ArrivingSession(
                    session: session, identity: SessionIdentity(login: login, remote: remote),
                    estimate: HashrateEstimate(hashrate: hashrate, shares: 1000), barred: barred
                )
            )
            self.place()
        }
    }

    func pool(of session: Int64) -> String? { self.policy.pool(of: session).map(self.name) }

    func count(at pool: String) -> Int { self.sessions.keys.count { self.pool(of: $0) == pool } }

    func name(_ index: Int) -> String { self.policy.pools[index].configuration.name }

    func index(_ pool: String) -> Int { self.policy.index(of: pool) ?? -1 }

    /// What the pool should have now, 0...1.
    func target(_ pool: String) -> Double { self.policy.targetShares[self.index(pool)] }

    /// Sessions that cannot stay where they are go to the first pool of their walk.
    mutating func place() {
        for session in self.sessions.keys.sorted() {
            let pool = self.policy.pool(of: session)
            if let pool, self.policy.mayStay(session, at: pool, now: self.now) { continue }
            self.assign(session, to: self.policy.walk(session).first)
        }
    }

    private mutating func assign(_ session: Int64, to pool: Int?) {
        guard self.policy.pool(of: session) != pool else { return }
        self.policy.assigned(session, to: pool)
        self.moved.append(Moved(second: self.second, session: session, pool: pool.map(self.name)))
    }

    // MARK: Pools

    mutating func fail(_ pool: String) {
        self.tell(pool, self.policy.linksFailed(self.index(pool), "closed", now: self.now))
    }

    mutating func ready(_ pool: String) {
        self.tell(pool, self.policy.linkReady(self.index(pool), now: self.now))
    }

    mutating func suspect(_ pool: String, _ reason: String?) {
        self.tell(pool, self.policy.suspected(self.index(pool), reason, now: self.now))
    }

    /// The pool refuses so many shares, each of another worker.
    mutating func reject(_ pool: String, _ count: Int, code: Int = 23) {
        for _ in 0..<count {
            self.worker += 1
            let rejection = Rejection(code: code, message: "no")
            let change = self.policy.rejected(
                self.index(pool), rejection, worker: self.worker, latency: .milliseconds(50), now: self.now
            )
            self.tell(pool, change)
        }
    }

    /// The pool accepts so many shares of sessions that are gone, each of another worker.
    mutating func accept(_ pool: String, _ count: Int) {
        for _ in 0..<count {
            self.worker += 1
            self.policy.accepted(
                self.index(pool), session: -1, worker: self.worker, work: 1, latency: .milliseconds(50),
                now: self.now
            )
        }
    }

    /// A block of height 900,000 + `number`, on which the pool works from now on.
    mutating func announce(_ pool: String, block number: UInt8, isProven: Bool = true) {
        let tip = BlockTip(
            hash: Array(repeating: number, count: 32), height: 900_000 + Int(number), isProven: isProven
        )
        self.policy.jobReceived(self.index(pool), block: tip, now: self.now)
    }

    mutating func cleanJob(_ pool: String) {
        self.carryOut(self.policy.cleanJob(of: self.index(pool), now: self.now))
    }

    mutating func administer(_ pool: String, _ administration: PolicyPool.Administration, within seconds: Int = 0) {
        self.policy.administer(
            self.index(pool), administration, drainBy: self.now + .seconds(Int64(seconds)), now: self.now
        )
        self.place()
    }

    mutating func tell(_ pool: String, _ change: PolicyChange?) {
        guard let change else { return }
        self.told.append(Told(second: self.second, pool: pool, change: change))
        self.place()
    }

    // MARK: Time

    /// Lets time pass, a second at a time.
    /// - Parameter isMining: each session has exactly its hashrate's work accepted.
    mutating func pass(_ seconds: Int, isMining: Bool = false) {
        for _ in 0..<seconds {
            self.second += 1
            if isMining { self.mine() }
            for (pool, change) in self.policy.tick(now: self.now) { self.tell(self.name(pool), change) }
            self.carryOut(self.policy.balance(now: self.now))
        }
    }

    private mutating func mine() {
        for (session, hashrate) in self.sessions {
            guard let pool = self.policy.pool(of: session) else { continue }
            self.policy.accepted(
                pool, session: session, worker: Int32(truncatingIfNeeded: session),
                work: hashrate / BitcoinDialect().hashesPerDifficulty,
                latency: .milliseconds(50), now: self.now
            )
        }
    }

    private mutating func carryOut(_ moves: [WorkBalancer.Move]) {
        for move in moves { self.assign(move.session, to: move.to) }
    }

    /// Changes of this pool, in order.
    func changes(_ pool: String) -> [PolicyChange] { self.told.filter { $0.pool == pool }.map(\.change) }

    /// How many sessions were given to another pool in each second that any was, from `second` on.
    func movesBySecond(from second: Int = 0) -> [Int: Int] {
        self.moved.filter { $0.second >= second }.reduce(into: [:]) { $0[$1.second, default: 0] += 1 }
    }
}

extension PolicyChange {
    var isPanic: Bool {
        if case .panic = self { true } else { false }
    }

    /// For how long it was put aside; nil: it was not, or until further notice.
    var ejection: TimeAmount? {
        if case .ejected(_, let time) = self { time } else { nil }
    }

    var isReadmission: Bool {
        if case .readmitted = self { true } else { false }
    }
}

import Router

/// A ledger in memory that checks what it is told: every share once, every verdict once. Used on one thread only.
final class RecordingObserver: RouterObserver, @unchecked Sendable {
    /// One pool's shares.
    struct Counts: Equatable {
        var forwarded = 0
        var accepted = 0
        var rejected = 0
        var lost = 0
        var late = 0

        var pending: Int { self.forwarded - self.accepted - self.rejected - self.lost }
    }

    let nextShareID: Int64 = 1
    let nextSessionID: Int64 = 1
    let nextJobNumber: UInt64 = 1

    private(set) var pools: [String: Int32] = [:]
    private(set) var counts: [Int32: Counts] = [:]
    private(set) var shares = 0
    /// Shares without a final verdict, and their pools.
    private(set) var pending: [Int64: Int32] = [:]
    private var settled: [Int64: Int32] = [:]
    private var workers: [String: Int32] = [:]
    private(set) var closures: [(session: Int64, reason: String)] = []
    private(set) var violations: [String] = []

    func makeLane() -> any RouterLane { Lane(self) }

    func worker(_ name: String, route: String) -> Int32 { Self.handle(name, in: &self.workers) }
    func pool(_ name: String, route: String) -> Int32 { Self.handle(name, in: &self.pools) }

    private static func handle(_ name: String, in handles: inout [String: Int32]) -> Int32 {
        if let handle = handles[name] { return handle }
        let handle = Int32(handles.count + 1)
        handles[name] = handle
        return handle
    }

    /// Session closures since the last call.
    func takeClosures() -> [(session: Int64, reason: String)] {
        defer { self.closures = [] }
        return self.closures
    }

    private func received(_ share: ShareRecord) {
        self.shares += 1
        if self.pending[share.id] != nil || self.settled[share.id] != nil {
            self.violations.append("share \(share.id) was recorded twice")
        }
        if share.forwarded != (share.verdict == .pending) {
            self.violations.append("share \(share.id): forwarded \(share.forwarded), verdict \(share.verdict)")
        }
        if share.verdict == .pending {
            self.pending[share.id] = share.pool
            self.counts[share.pool, default: Counts()].forwarded += 1
        } else {
            self.settled[share.id] = share.pool
        }
    }

    private func settled(_ share: SettledShare) {
        guard let pool = self.pending.removeValue(forKey: share.id) else {
            self.violations.append("share \(share.id) was settled without waiting: \(share.verdict)")
            return
        }
        self.settled[share.id] = pool
        switch share.verdict {
        case .accepted: self.counts[pool, default: Counts()].accepted += 1
        case .refused: self.counts[pool, default: Counts()].rejected += 1
        case .lost: self.counts[pool, default: Counts()].lost += 1
        case .pending, .counted: self.violations.append("share \(share.id) was settled as \(share.verdict)")
        }
    }

    private func settledLate(_ share: SettledShare) {
        guard let pool = self.settled[share.id] else {
            self.violations.append("share \(share.id) has a late verdict before a final one")
            return
        }
        self.counts[pool, default: Counts()].late += 1
    }

    private final class Lane: RouterLane {
        private let observer: RecordingObserver

        init(_ observer: RecordingObserver) {
            self.observer = observer
        }

        func opened(session: Int64, time: Int64, worker: Int32, remote: String, userAgent: String) {}
        func closed(session: Int64, time: Int64, reason: String) { self.observer.closures.append((session, reason)) }
        func issued(_ job: IssuedJob) {}
        func received(_ share: ShareRecord) { self.observer.received(share) }
        func settled(_ share: SettledShare) { self.observer.settled(share) }
        func settledLate(_ share: SettledShare) { self.observer.settledLate(share) }
        func happened(_ event: RouteEvent) {}
    }
}

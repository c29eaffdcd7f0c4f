package import NIOCore
package import PoolPool

/// All that the decisions of a route rest on for one pool.
package struct PolicyPool: Sendable {
    /// What the operator wants of the pool.
    package enum Administration: String, Sendable {
        case enabled
        /// Takes nothing new and gives away what it has; its link closes when the last verdict is in.
        case draining
        case disabled
    }

    package internal(set) var configuration: PoolConfiguration
    package internal(set) var health: HealthTracker
    package internal(set) var outliers: OutlierDetector
    package internal(set) var ejection = Ejection()
    package internal(set) var administration: Administration
    package internal(set) var administrationSince: NIODeadline
    /// Why it is put aside until further notice.
    package enum Hold: Sendable, Hashable {
        /// It works on an old block.
        case lag
        /// Its coinbase pays somebody else, or it asked for what a pool may not ask for.
        case payout
    }

    package internal(set) var hold: Hold?
    /// False: what it leaves of its nonce space is too little for any miner.
    package internal(set) var hasRoom = true
    /// What was last told of that.
    var toldRoom = true
    /// When a draining pool must be empty.
    package internal(set) var drainBy: NIODeadline?
    /// Since when it carries load again, while its slow start lasts.
    package internal(set) var rampSince: NIODeadline?
    /// When it last sent a job or accepted a share.
    package internal(set) var lastGood: NIODeadline?
    /// The last usable pool would be put aside for this.
    package internal(set) var panic: String?
    /// When sessions that wait for a clean job last had their chance here.
    var lastChance = NIODeadline.uptimeNanoseconds(0)
    /// Its lags behind the first pool to announce a block.
    package internal(set) var lags = LatencyWindow()

    /// What speaks for the pool apart from any session.
    package var standing: PoolCandidate.Standing {
        guard self.administration == .enabled, self.hasRoom else { return .unusable }
        switch self.health.state {
        case .untested: return self.configuration.isPerWorker ? (self.ejection.isEjected ? .ejected : .good) : .unusable
        case .down: return .unusable
        case .up: return self.ejection.isEjected ? .ejected : .good
        case .recovering: return self.ejection.isEjected ? .ejected : .recovering
        case .suspect: return self.ejection.isEjected ? .ejected : .suspect
        }
    }

    /// Connected, or able to be: it could give work.
    package var isUsable: Bool { self.standing != .unusable }

    /// Why it is put aside; nil: it is not.
    package var putAside: String? {
        guard self.hasRoom else { return Self.noRoom }
        return self.ejection.isEjected ? self.ejection.reason : nil
    }

    static let noRoom = "its nonce space is too small to be shared"

    /// 0...1: how far the slow start is.
    func ramp(slowStart: TimeAmount, now: NIODeadline) -> Double {
        guard let since = self.rampSince, slowStart > .zero else { return 1 }
        return min(1, Double((now - since).nanoseconds) / Double(slowStart.nanoseconds))
    }
}

package import NIOCore
package import Stratum

/// Judges one pool by its verdicts on shares that the router had found good before it forwarded them (design D3).
///
/// A pool is found bad when
/// - it refuses more than `rejectRatio` of at least `minimumShares` in the window,
/// - or `consecutiveRejects` in a row,
/// - or needs longer than `latency` for more than half of at least a quarter of `minimumShares` (and 5).
///
/// A single worker does not make a pool bad: each rule must hold without the worker that speaks most against the pool,
/// and with 3 bad verdicts of others, once others have 3 verdicts and an acceptance in the window. With nobody to compare
/// it with, the worker is believed: its shares were checked here.
///
/// With the defaults, a pool that refuses everything is found at the tenth share, and one that begins with refusing every
/// second share within 60 shares of ten or more workers, but for one run in ten thousand. After a good time, the refusals
/// must first make up their part of the window.
///
/// Refusals as unauthorised are not looked at. Those as stale count when they are 5 s old (`staleGrace`, if that is
/// shorter) and no block came within `staleGrace` before or after; to the second.
package struct OutlierDetector: Sendable {
    /// Why a pool should be put aside.
    package struct Finding: Sendable, Hashable {
        /// In plain words, with the numbers.
        package var reason: String
        /// 0...1: the part of the verdicts in question that were bad; 1 for a row of refusals.
        package var badness: Double

        package init(reason: String, badness: Double) {
            self.reason = reason
            self.badness = badness
        }
    }

    /// Another window or `staleGrace` starts the evidence anew; the rest holds from the next verdict.
    package var configuration: OutlierConfiguration {
        didSet {
            guard
                self.configuration.window != oldValue.window || self.configuration.staleGrace != oldValue.staleGrace
            else { return }
            self.evidence = Self.evidence(self.configuration)
        }
    }
    private var evidence: OutlierEvidence
    /// The newest text of each kind, as the pool wrote it.
    private var texts: [Rejection.Kind: String] = [:]

    /// So many verdicts of others are enough to compare a worker with.
    private static let enough = 3

    package init(configuration: OutlierConfiguration) {
        self.configuration = configuration
        self.evidence = Self.evidence(configuration)
    }

    private static func evidence(_ configuration: OutlierConfiguration) -> OutlierEvidence {
        OutlierEvidence(window: TimeAmount(configuration.window), staleGrace: TimeAmount(configuration.staleGrace))
    }

    /// The pool accepted a share, `latency` after it was forwarded.
    package mutating func accepted(worker: Int32, latency: TimeAmount, now: NIODeadline) {
        self.evidence.accepted(worker: worker, latency: latency, isSlow: self.isSlow(latency), now: now)
    }

    /// The pool refused a share, `latency` after it was forwarded.
    package mutating func rejected(_ rejection: Rejection, worker: Int32, latency: TimeAmount, now: NIODeadline) {
        guard rejection.kind != .unauthorized else { return }
        self.texts[rejection.kind] = rejection.message
        let isSlow = self.isSlow(latency)
        self.evidence.refused(rejection.kind, worker: worker, latency: latency, isSlow: isSlow, now: now)
    }

    /// So many shares were given up for want of a verdict: refusals that no worker is to blame for.
    package mutating func unanswered(_ count: Int, now: NIODeadline) {
        guard count > 0 else { return }
        self.evidence.unanswered(min(count, 1_000_000), now: now)
    }

    /// The pool, or another one of its coin, announced a new block.
    package mutating func blockChanged(now: NIODeadline) {
        self.evidence.blockChanged(now: now)
    }

    /// Forgets all verdicts: after an ejection or a readmission.
    package mutating func reset(now: NIODeadline) {
        self.evidence.reset()
        self.texts = [:]
    }

    private func isSlow(_ latency: TimeAmount) -> Bool {
        latency > TimeAmount(self.configuration.latency)
    }

    // MARK: - Judgement

    /// 0...1: the part of the verdicts in the window that were refusals, missing or slow. 0 without verdicts.
    package func badness(now: NIODeadline) -> Double {
        var evidence = self.evidence
        evidence.advance(to: now)
        return Self.part(evidence.totals.bad, of: evidence.totals.total)
    }

    /// What speaks for putting the pool aside. Cheap enough to ask after each refusal; also to be asked every second, for
    /// what only time tells.
    package mutating func judge(now: NIODeadline) -> Finding? {
        self.evidence.advance(to: now)
        guard self.configuration.enabled else { return nil }
        return self.refusesInARow(now: now) ?? self.refusesTooMany(now: now) ?? self.isTooSlow(now: now)
    }

    private func refusesInARow(now: NIODeadline) -> Finding? {
        let (row, limit) = (self.evidence.row, max(1, self.configuration.consecutiveRejects))
        guard row.total >= limit else { return nil }
        if let most = Self.most(row.workers), self.evidence.othersAccepted(than: most.worker, now: now),
            row.total - most.count < min(Self.enough, max(1, limit / 2))
        {
            return nil
        }
        let isMixed = row.unanswered < row.total
        let verb = row.unanswered == 0 ? "refused" : isMixed ? "refused or ignored" : "did not answer"
        return Finding(reason: "\(verb) \(row.total) \(Self.shares(row.total)) in a row", badness: 1)
    }

    private func refusesTooMany(now: NIODeadline) -> Finding? {
        let totals = self.evidence.totals
        guard totals.total >= max(1, self.configuration.minimumShares) else { return nil }
        let ratio = self.configuration.rejectRatio
        guard Self.part(totals.refused, of: totals.total) > ratio else { return nil }
        if let foremost = self.evidence.foremost, self.evidence.othersAccepted(than: foremost, now: now) {
            let own = totals.refusals[foremost]
            let (others, bad) = (totals.total - own - self.evidence.acceptedOfForemost, totals.refused - own)
            if others >= Self.enough, bad < Self.enough || Self.part(bad, of: others) <= ratio { return nil }
        }
        let part = Self.part(totals.refused, of: totals.total)
        return Finding(reason: self.refusals(totals, part: part), badness: part)
    }

    private func isTooSlow(now: NIODeadline) -> Finding? {
        let totals = self.evidence.totals
        guard totals.answered >= max(5, self.configuration.minimumShares / 4) else { return nil }
        guard Self.part(totals.slow, of: totals.answered) > 0.5 else { return nil }
        if let most = Self.most(totals.slowOnes), self.evidence.othersAccepted(than: most.worker, now: now) {
            let (others, slow) = (totals.answered - most.count, totals.slow - most.count)
            if others >= Self.enough, slow < Self.enough || Self.part(slow, of: others) <= 0.5 { return nil }
        }
        let (limit, slowest) = (TimeAmount(self.configuration.latency), self.evidence.slowest)
        return Finding(
            reason: "\(totals.slow) of \(totals.answered) verdicts took more than \(Self.seconds(limit)), "
                + "the slowest \(Self.seconds(slowest))",
            badness: Self.part(totals.slow, of: totals.answered)
        )
    }

    private static func part(_ count: Int, of total: Int) -> Double {
        total > 0 ? Double(count) / Double(total) : 0
    }

    private static func most(_ tally: OutlierEvidence.Tally<Int32>) -> (worker: Int32, count: Int)? {
        tally.counts.max { ($0.value, $1.key) < ($1.value, $0.key) }.map { (worker: $0.key, count: $0.value) }
    }

    // MARK: - Words

    private func refusals(_ totals: OutlierEvidence.Counts, part: Double) -> String {
        let (refused, missing) = (totals.refused - totals.unanswered, totals.unanswered)
        let of = "of \(totals.total) \(Self.shares(totals.total))"
        let rest = "in \(Self.seconds(TimeAmount(self.configuration.window))) (\(Int((part * 100).rounded())) %)"
        if refused == 0 { return "did not answer \(missing) \(of) \(rest)" }
        let counts = missing == 0 ? "refused \(refused) \(of)" : "refused \(refused) and ignored \(missing) \(of)"
        return "\(counts) \(rest), \(self.cause(totals.kinds, refused: refused))"
    }

    private func cause(_ kinds: OutlierEvidence.Tally<Rejection.Kind>, refused: Int) -> String {
        let most = Rejection.Kind.allCases.max { kinds[$0] < kinds[$1] } ?? .other
        let text = self.texts[most].map(Self.printable) ?? ""
        let extent = kinds[most] == refused ? "all" : kinds[most] > refused / 2 ? "most" : "many"
        return text.isEmpty ? "\(extent) without a text (\(most))" : "\(extent) for \"\(text)\""
    }

    /// A pool's text, shortened and without control characters.
    private static func printable(_ text: String) -> String {
        let safe = text.unicodeScalars.prefix(80).map { scalar -> Character in
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: "?"
            default: Character(scalar)
            }
        }
        return String(safe)
    }

    private static func shares(_ count: Int) -> String { count == 1 ? "share" : "shares" }

    /// As `10 s` or `21.4 s`.
    private static func seconds(_ amount: TimeAmount) -> String {
        let tenths = Int64((Double(amount.nanoseconds) / 1e8).rounded())
        return tenths.isMultiple(of: 10) ? "\(tenths / 10) s" : "\(tenths / 10).\((tenths % 10).magnitude) s"
    }
}

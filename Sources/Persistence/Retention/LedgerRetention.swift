import GRDB

/// When the running router drops what has become too old.
struct LedgerRetention {
    /// Steps go on until this much time has passed; then the writer has its turn.
    private static let budget = Duration.milliseconds(10)

    private let keepShares: Int64?
    private let keepRollups: Int64?
    /// Between two looks at the ages, milliseconds. Each look that drops something seals as well, so it is no more often
    /// than seals are.
    private let interval: Int64
    private var pruner: LedgerPruner?
    private var nextLook: Int64 = .min

    init(_ configuration: LedgerConfiguration) {
        self.keepShares = configuration.keepShares
        self.keepRollups = configuration.keepRollups
        self.interval = max(60_000, configuration.sealInterval)
    }

    /// Takes some steps, if there is anything to drop.
    mutating func advance(_ file: inout OpenLedger, now: Int64) throws {
        if var pruner = self.pruner {
            let deadline = ContinuousClock.now + Self.budget
            var hasMore = true
            while hasMore, ContinuousClock.now < deadline {
                let open = file.book.openReferences
                hasMore = try file.database.write { db in try pruner.step(db, open: open) }
            }
            self.pruner = hasMore ? pruner : nil
            return
        }
        // A clock that was set back does not put it off.
        guard now >= self.nextLook || now < self.nextLook - self.interval else { return }
        self.nextLook = now + self.interval
        guard self.keepShares != nil || self.keepRollups != nil else { return }
        var pruner = LedgerPruner()
        let (begins, book) = try file.database.write { [book = file.book] db in
            var book = book
            let begins = try pruner.begin(
                detailBefore: self.keepShares.map { now &- $0 },
                rollupsBefore: self.keepRollups.map { now &- $0 },
                now: now,
                db
            )
            // So that nothing is ever gone whose going is not sealed.
            if begins { try book.seal(now: now, db) }
            return (begins, book)
        }
        file.book = book
        if begins { self.pruner = pruner }
    }
}

/// The way of one event loop into the ledger. Not thread-safe: it is used on that loop only.
package final class LedgerLane {
    private let channel: JournalChannel
    private let storage: JournalStorage
    private let jobs: RecentJobs
    private var segment: JournalSegment?
    private var position = 0
    /// Bytes of `segment`, 0 without one.
    private var size = 0
    /// Where the pages end that are ready or will be soon.
    private var readyEnd = 0
    /// The overflow has something that concerns this lane.
    private var hasOverflow = false

    init(channel: JournalChannel, storage: JournalStorage, jobs: RecentJobs) {
        self.channel = channel
        self.storage = storage
        self.jobs = jobs
        self.advance()
    }

    /// Records a fact. When this returns, the fact outlives the process.
    ///
    /// Takes well under a microsecond for a share and waits for nothing. Where the journal cannot grow (disk full,
    /// writer too far behind), facts are kept in memory, then as totals only.
    package func record(_ event: LedgerEvent) {
        if case .job(let job) = event { self.jobs.note(job) }
        guard !self.hasOverflow else { return self.recordAfterOverflow(event) }
        if !self.store(event) { self.keep(event) }
    }

    /// Appends to the journal; false when there is no room.
    private func store(_ event: LedgerEvent) -> Bool {
        let bound = JournalEncoder.sizeBound(of: event)
        if self.size - self.position < bound { self.advance() }
        guard let segment, self.size - self.position >= bound else { return false }
        self.position += JournalEncoder.encode(event, at: segment.base + self.position)
        segment.publish(upTo: self.position)
        if self.readyEnd - self.position < JournalSegment.stretch / 2 { self.prepare(segment) }
        return true
    }

    /// Goes on in a new segment; stays in the old one when there is none.
    private func advance() {
        guard let next = self.storage.take() else { return }
        self.segment = next
        self.position = next.publishedEnd
        self.size = next.size
        self.readyEnd = JournalSegment.stretch
        self.channel.append(next)
    }

    /// Half a stretch ahead at least, so that no event loop waits for pages.
    private func prepare(_ segment: JournalSegment) {
        if self.readyEnd < self.size { self.storage.prepareSoon(segment, from: self.readyEnd) }
        self.readyEnd += JournalSegment.stretch
    }

    private func keep(_ event: LedgerEvent) {
        self.hasOverflow = true
        self.channel.withOverflow { $0.add(event, poolDifficulty: { self.jobs[$0]?.poolDifficulty ?? 0 }) }
    }

    /// Held events go first, and the verdict on a share that was not recorded belongs to the totals.
    private func recordAfterOverflow(_ event: LedgerEvent) {
        let held = self.channel.withOverflow { $0.takeHeld() }
        for (index, earlier) in held.enumerated() where !self.store(earlier) {
            self.channel.withOverflow { $0.putBack(held[index...]) }
            return self.keep(event)
        }
        if case .settled(let verdict) = event, self.channel.withOverflow({ $0.settle(verdict) }) { return }
        guard self.store(event) else { return self.keep(event) }
        self.hasOverflow = self.channel.withOverflow { !$0.isEmpty }
    }
}

@available(*, unavailable)
extension LedgerLane: Sendable {}

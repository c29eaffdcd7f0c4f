import PoolPool

/// The sessions of a route as balancing sees them: numbers in a row, since thousands of them are gone through at a time.
struct SessionTable: Sendable {
    struct Entry: Sendable {
        var session: Int64
        var identity = SessionIdentity.unknown
        /// Index of the placement group.
        var group: Int
        /// The pool it was given to; -1: none.
        var pool = -1
        var estimate: HashrateEstimate?
        /// Bit *n*: pool *n* cannot have it.
        var barred: UInt64 = 0
        /// It can be moved only by connecting again: not for the balance.
        var isSticky = false

        func isBarred(from pool: Int) -> Bool { pool < 64 && self.barred & (1 << UInt64(pool)) != 0 }
    }

    private(set) var entries: [Entry] = []
    private var places: [Int64: Int] = [:]

    var count: Int { self.entries.count }

    func place(of session: Int64) -> Int? { self.places[session] }

    subscript(session: Int64) -> Entry? { self.places[session].map { self.entries[$0] } }

    // Without a copy of the entry: asked for with each share.
    func group(of session: Int64) -> Int? { self.places[session].map { self.entries[$0].group } }

    mutating func insert(_ entry: Entry) {
        self.remove(entry.session)
        self.places[entry.session] = self.entries.count
        self.entries.append(entry)
    }

    @discardableResult
    mutating func remove(_ session: Int64) -> Entry? {
        guard let place = self.places.removeValue(forKey: session) else { return nil }
        let entry = self.entries[place]
        let last = self.entries.removeLast()
        if last.session != session {
            self.entries[place] = last
            self.places[last.session] = place
        }
        return entry
    }

    mutating func change(_ session: Int64, _ change: (inout Entry) -> Void) {
        guard let place = self.places[session] else { return }
        change(&self.entries[place])
    }

    mutating func changeAll(_ change: (inout Entry) -> Void) {
        for place in self.entries.indices { change(&self.entries[place]) }
    }
}

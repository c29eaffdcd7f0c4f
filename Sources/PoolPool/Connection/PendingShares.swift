package import NIOCore

/// Shares of one connection that wait for the pool's verdict. Each leaves exactly once: settled, expired or abandoned.
package struct PendingShares: Sendable {
    package struct Entry: Sendable {
        package var ticket: ShareTicket
        package var sent: NIODeadline
    }

    private var entries: [Int: Entry] = [:]
    /// Shares given up as lost whose verdict may still come; bounded.
    private var expired: [Int: Entry] = [:]
    /// Requests in the order sent; those already settled are skipped when they reach the front.
    private var order: [Int] = []
    private var head = 0

    private static let expiredLimit = 10_000

    package init() {}

    package var count: Int { self.entries.count }

    package mutating func insert(_ ticket: ShareTicket, request: Int, now: NIODeadline) {
        self.entries[request] = Entry(ticket: ticket, sent: now)
        self.order.append(request)
    }

    /// The verdict for `request` has come. Nil if no share waits under this id.
    package mutating func settle(_ request: Int) -> Entry? {
        let entry = self.entries.removeValue(forKey: request)
        self.dropSettledPrefix()
        return entry
    }

    /// The verdict for a share that was already given up.
    package mutating func settleLate(_ request: Int) -> Entry? {
        self.expired.removeValue(forKey: request)
    }

    /// When the share that waits longest was sent.
    package mutating func oldest() -> NIODeadline? {
        self.dropSettledPrefix()
        guard self.head < self.order.count else { return nil }
        return self.entries[self.order[self.head]]?.sent
    }

    /// Gives up the shares sent at or before `deadline`.
    package mutating func expire(sentBefore deadline: NIODeadline) -> [Entry] {
        var result: [Entry] = []
        while let oldest = self.oldest(), oldest <= deadline {
            let request = self.order[self.head]
            guard let entry = self.entries.removeValue(forKey: request) else { continue }
            if self.expired.count < Self.expiredLimit { self.expired[request] = entry }
            result.append(entry)
        }
        return result
    }

    /// Gives up all of them: the connection is gone.
    package mutating func abandonAll() -> [Entry] {
        let result = self.order[self.head...].compactMap { self.entries[$0] }
        self = PendingShares()
        return result
    }

    private mutating func dropSettledPrefix() {
        while self.head < self.order.count, self.entries[self.order[self.head]] == nil { self.head += 1 }
        if self.head > 1024, self.head * 2 > self.order.count {
            self.order.removeFirst(self.head)
            self.head = 0
        }
    }
}

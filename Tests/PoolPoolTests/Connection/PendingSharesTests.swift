import NIOCore
import PoolPool
import Testing

@Suite struct PendingSharesTests {
    private static func ticket(_ share: Int64) -> ShareTicket {
        ShareTicket(share: share, session: 1, shard: 0, worker: 1, difficulty: 1)
    }

    private static func time(_ milliseconds: Int) -> NIODeadline {
        .uptimeNanoseconds(UInt64(milliseconds) * 1_000_000)
    }

    @Test func oldestSkipsSettledOnes() {
        var pending = PendingShares()
        for request in 1...3 {
            pending.insert(Self.ticket(Int64(request)), request: request, now: Self.time(request))
        }
        #expect(pending.settle(1)?.ticket.share == 1)
        #expect(pending.settle(1) == nil)
        #expect(pending.oldest() == Self.time(2))
    }

    @Test func anExpiredShareIsSettledLateOnce() {
        var pending = PendingShares()
        pending.insert(Self.ticket(7), request: 1, now: Self.time(0))
        #expect(pending.expire(sentBefore: Self.time(0)).map(\.ticket.share) == [7])
        #expect(pending.settle(1) == nil)
        #expect(pending.settleLate(1)?.ticket.share == 7)
        #expect(pending.settleLate(1) == nil)
        #expect(pending.count == 0)
    }

    /// Random operations against a plain dictionary.
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func behavesLikeItsModel(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var pending = PendingShares()
        var model: [(request: Int, share: Int64, sent: NIODeadline)] = []
        var expired: Set<Int> = []
        var now = Self.time(0)
        for step in 1...300 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                pending.insert(Self.ticket(Int64(step)), request: step, now: now)
                model.append((step, Int64(step), now))
            case 5..<8:
                let request = Int.random(in: 1...step, using: &random)
                let expected = model.firstIndex { $0.request == request }.map { model.remove(at: $0).share }
                #expect(pending.settle(request)?.ticket.share == expected, "seed \(seed), step \(step)")
                if expected == nil {
                    #expect((pending.settleLate(request) != nil) == (expired.remove(request) != nil), "seed \(seed)")
                }
            case 8:
                let deadline = now - .milliseconds(Int64.random(in: 0...40, using: &random))
                let gone = model.filter { $0.sent <= deadline }
                model.removeAll { $0.sent <= deadline }
                expired.formUnion(gone.map(\.request))
                let entries = pending.expire(sentBefore: deadline)
                #expect(entries.map(\.ticket.share) == gone.map(\.share), "seed \(seed), step \(step)")
            default:
                guard Int.random(in: 0..<10, using: &random) == 0 else { break }
                #expect(pending.abandonAll().map(\.ticket.share) == model.map(\.share), "seed \(seed), step \(step)")
                model = []
                expired = []
            }
            now = now + .milliseconds(Int64.random(in: 0...10, using: &random))
            #expect(pending.count == model.count, "seed \(seed), step \(step)")
            #expect(pending.oldest() == model.first?.sent, "seed \(seed), step \(step)")
        }
    }
}

import NIOCore
import PoolPool
import Testing

@Suite struct WorkAccountTests {
    private static func time(_ seconds: Int) -> NIODeadline { .uptimeNanoseconds(UInt64(seconds) * 1_000_000_000) }

    /// An account of as many pools as `work`, each of which has done that much.
    private static func account(_ work: [Double]) -> WorkAccount {
        var account = WorkAccount(count: work.count)
        for (pool, work) in work.enumerated() { account.accepted(pool: pool, work: work) }
        return account
    }

    private static func isEqual(_ left: [Double], _ right: [Double]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) < 1e-6 }
    }

    @Test func workIsOwedToAllByTheirShares() {
        var account = Self.account([100, 0])
        #expect(account.lacks == [0, 0])
        #expect(account.work == [100, 0])
        account.settle(shares: [0.8, 0.2], limit: .infinity, now: Self.time(1))
        #expect(Self.isEqual(account.lacks, [-20, 20]))
        account.settle(shares: [0.8, 0.2], limit: .infinity, now: Self.time(2))
        #expect(Self.isEqual(account.lacks, [-20, 20]))
        #expect(account.work == [100, 0])
    }

    @Test func otherWeightsHoldForWhatIsDoneFromThenOn() {
        var account = Self.account([100, 0])
        account.settle(shares: [0.8, 0.2], limit: .infinity, now: Self.time(1))
        account.accepted(pool: 1, work: 40)
        account.settle(shares: [0.5, 0.5], limit: .infinity, now: Self.time(2))
        #expect(Self.isEqual(account.lacks, [0, 0]))
    }

    @Test func aPoolThatStandsBackIsOwedNothing() {
        var account = Self.account([60, 40, 0])
        account.settle(shares: [0.5, 0.5, 0], limit: .infinity, now: Self.time(1))
        #expect(Self.isEqual(account.lacks, [-10, 10, 0]))
        account.settle(shares: [0.4, 0.4, 0.2], limit: .infinity, now: Self.time(2))
        #expect(Self.isEqual(account.lacks, [-10, 10, 0]))
    }

    @Test func whatAPoolThatStandsBackDoesAllTheSameIsNobodysDebt() {
        var account = Self.account([60, 40, 0])
        account.settle(shares: [0.5, 0.5, 0], limit: .infinity, now: Self.time(1))
        account.accepted(pool: 2, work: 30)
        account.settle(shares: [0.5, 0.5, 0], limit: .infinity, now: Self.time(2))
        #expect(Self.isEqual(account.lacks, [-10, 10, 0]))
        #expect(account.work == [60, 40, 30])
    }

    @Test func theDebtToAPoolThatStandsBackIsForgotten() {
        var account = Self.account([100, 0, 0])
        account.settle(shares: [0.5, 0.25, 0.25], limit: .infinity, now: Self.time(1))
        #expect(Self.isEqual(account.lacks, [-50, 25, 25]))
        account.settle(shares: [0.5, 0.5, 0], limit: .infinity, now: Self.time(2))
        #expect(Self.isEqual(account.lacks, [-37.5, 37.5, 0]))
        account.settle(shares: [1, 0, 0], limit: .infinity, now: Self.time(3))
        #expect(Self.isEqual(account.lacks, [0, 0, 0]))
        account.settle(shares: [0.5, 0.25, 0.25], limit: .infinity, now: Self.time(4))
        #expect(Self.isEqual(account.lacks, [0, 0, 0]))
    }

    @Test func noDebtIsMoreThanTheLimit() {
        var account = Self.account([1000, 0])
        account.settle(shares: [0.5, 0.5], limit: 100, now: Self.time(1))
        #expect(Self.isEqual(account.lacks, [-100, 100]))
        account.settle(shares: [0.5, 0.5], limit: 30, now: Self.time(2))
        #expect(Self.isEqual(account.lacks, [-30, 30]))
    }

    @Test func removingAPoolKeepsWhatTheOthersDidAndAreOwed() {
        var account = Self.account([100, 60, 0])
        account.settle(shares: [0.5, 0.25, 0.25], limit: .infinity, now: Self.time(1))
        #expect(Self.isEqual(account.lacks, [-20, -20, 40]))
        account.accepted(pool: 2, work: 10)
        account.remove(at: 1)
        #expect(Self.isEqual(account.lacks, [-20, 40]))
        #expect(account.work == [100, 10])
        account.remove(at: 2)
        #expect(account.work == [100, 10])
        // The 10 belong to the last one; the debt that is left is settled between the two.
        account.settle(shares: [0.5, 0.5], limit: .infinity, now: Self.time(2))
        #expect(Self.isEqual(account.lacks, [-25, 25]))
    }

    @Test func aNewPoolBeginsWithoutDebt() {
        var account = Self.account([100, 0])
        account.settle(shares: [0.5, 0.5], limit: .infinity, now: Self.time(1))
        account.append()
        account.settle(shares: [0.25, 0.25, 0.5], limit: .infinity, now: Self.time(2))
        #expect(Self.isEqual(account.lacks, [-50, 50, 0]))
        account.accepted(pool: 2, work: 8)
        #expect(account.work == [100, 0, 8])
    }

    @Test func aPoolThatIsNotThereDoesNothing() {
        var account = Self.account([1, 2])
        account.accepted(pool: 2, work: 5)
        account.accepted(pool: -1, work: 5)
        #expect(account.work == [1, 2])
    }

    @Test func itsAgeCountsFromTheFirstWork() {
        var account = WorkAccount(count: 1)
        account.settle(shares: [1], limit: 1, now: Self.time(10))
        #expect(account.age(now: Self.time(20)) == .zero)
        account.accepted(pool: 0, work: 1)
        account.settle(shares: [1], limit: 1, now: Self.time(30))
        account.settle(shares: [1], limit: 1, now: Self.time(40))
        #expect(account.age(now: Self.time(50)) == .seconds(20))
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func debtsAmongPoolsWithAShareAddUpToZero(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var count = Int.random(in: 1...5, using: &random)
        var account = WorkAccount(count: count)
        for step in 1...60 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0 where count < 8:
                account.append()
                count += 1
            case 1 where count > 1:
                account.remove(at: Int.random(in: 0..<count, using: &random))
                count -= 1
            default:
                account.accepted(
                    pool: Int.random(in: 0..<count, using: &random), work: Double.random(in: 0...100, using: &random)
                )
            }
            let weights = (0..<count).map { _ in Double(Int.random(in: 0...3, using: &random)) }
            let total = weights.reduce(0, +)
            let shares = weights.map { total > 0 ? $0 / total : 0 }
            account.settle(shares: shares, limit: 1e9, now: Self.time(step))
            #expect(abs(account.lacks.reduce(0, +)) < 1e-6, "seed \(seed), step \(step): \(account.lacks)")
            for pool in 0..<count where shares[pool] == 0 {
                #expect(account.lacks[pool] == 0, "seed \(seed), step \(step)")
            }
        }
    }
}

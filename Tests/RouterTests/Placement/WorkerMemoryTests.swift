import PoolPool
import Testing

@testable import Router

@Suite struct WorkerMemoryTests {
    private static func estimate(_ hashrate: Double) -> HashrateEstimate {
        HashrateEstimate(hashrate: hashrate, shares: 3)
    }

    @Test func theNewestEstimateOfAWorkerIsRemembered() {
        var memory = WorkerMemory()
        #expect(memory.estimate(of: "a") == nil)
        memory.remember("a", Self.estimate(1))
        memory.remember("b", Self.estimate(2))
        memory.remember("a", Self.estimate(3))
        #expect(memory.estimate(of: "a") == Self.estimate(3))
        #expect(memory.estimate(of: "b") == Self.estimate(2))
    }

    @Test func theOldestAreForgottenWhenThereAreTooMany() {
        var memory = WorkerMemory()
        for worker in 1...50_000 { memory.remember("\(worker)", Self.estimate(Double(worker))) }
        for _ in 1...3 { memory.remember("7", Self.estimate(7)) }
        #expect(memory.estimate(of: "1") != nil)
        memory.remember("50001", Self.estimate(1))
        #expect(memory.estimate(of: "1") == nil)
        #expect(memory.estimate(of: "5000") == nil)
        #expect(memory.estimate(of: "5001") != nil)
        #expect(memory.estimate(of: "50001") != nil)
    }

    @Test func oneThatWasForgottenIsLearnedAgain() {
        var memory = WorkerMemory()
        for worker in 0...50_000 { memory.remember("\(worker)", Self.estimate(1)) }
        #expect(memory.estimate(of: "0") == nil)
        memory.remember("0", Self.estimate(9))
        #expect(memory.estimate(of: "0") == Self.estimate(9))
    }
}

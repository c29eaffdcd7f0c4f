import PoolPool
import Testing

@testable import Router

@Suite struct SessionTableTests {
    private static func entry(_ session: Int64, group: Int = 0) -> SessionTable.Entry {
        SessionTable.Entry(session: session, group: group)
    }

    @Test func aNewEntryHasNoPool() {
        var table = SessionTable()
        table.insert(Self.entry(5))
        #expect(table[5]?.pool == -1)
        #expect(table[5]?.barred == 0)
        #expect(table[6] == nil)
    }

    @Test func aSessionThatComesAgainReplacesItself() {
        var table = SessionTable()
        table.insert(Self.entry(1))
        table.insert(Self.entry(2))
        table.insert(Self.entry(1, group: 3))
        #expect(table.count == 2)
        #expect(table[1]?.group == 3)
    }

    @Test func changesReachOneOrAll() {
        var table = SessionTable()
        for session in 1...3 as ClosedRange<Int64> { table.insert(Self.entry(session)) }
        table.change(2) { $0.pool = 7 }
        table.change(9) { $0.pool = 7 }
        #expect(table.entries.map(\.pool) == [-1, 7, -1])
        table.changeAll { $0.group = 4 }
        #expect(table.entries.map(\.group) == [4, 4, 4])
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func itHoldsWhatADictionaryWould(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var table = SessionTable()
        var model: [Int64: Int] = [:]
        for step in 0..<300 {
            let session = Int64.random(in: 0..<20, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                table.insert(Self.entry(session, group: step))
                model[session] = step
            case 1:
                #expect(table.remove(session)?.group == model.removeValue(forKey: session), "seed \(seed)")
            default:
                table.change(session) { $0.group = -step }
                if model[session] != nil { model[session] = -step }
            }
            #expect(table.count == model.count, "seed \(seed)")
            for session in 0..<20 as Range<Int64> {
                #expect(table[session]?.group == model[session], "seed \(seed), step \(step)")
                #expect(
                    table.place(of: session).map { table.entries[$0].session } == model[session].map { _ in session })
            }
        }
    }
}

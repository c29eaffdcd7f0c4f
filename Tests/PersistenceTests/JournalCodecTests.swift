import Testing

@testable import Persistence

@Suite struct JournalCodecTests {
    /// Encodes `events` one after the other; the result is as long as the records.
    private static func encoded(_ events: [LedgerEvent]) -> [UInt64] {
        let capacity = events.count * (JournalEncoder.recordLimit + 16)
        let base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        defer { base.deallocate() }
        base.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
        var offset = 0
        for event in events { offset += JournalEncoder.encode(event, at: base + offset) }
        return Array(UnsafeRawBufferPointer(start: base, count: offset).bindMemory(to: UInt64.self))
    }

    private static func decoded(_ bytes: [UInt8]) -> [LedgerEvent] {
        bytes.withUnsafeBytes { bytes in
            var decoder = JournalDecoder(bytes, position: 0)
            var events: [LedgerEvent] = []
            while let event = decoder.next() { events.append(event) }
            return events
        }
    }

    private static func bytes(_ words: [UInt64]) -> [UInt8] { words.withUnsafeBytes { Array($0) } }

    @Test func everyEventComesBackAsItWas() {
        #expect(Self.decoded(Self.bytes(Self.encoded(Sample.events))) == Sample.events)
    }

    @Test(arguments: Sample.events) func noEventIsLongerThanItsBound(event: LedgerEvent) {
        #expect(Self.encoded([event]).count * 8 <= JournalEncoder.sizeBound(of: event))
    }

    @Test func longTextsAreCut() {
        let text = String(repeating: "ü", count: 40_000)
        let event = LedgerEvent.poolEvent(LedgerPoolEvent(time: 1, kind: .up, pool: 1, cause: text, detail: text))
        #expect(Self.encoded([event]).count * 8 <= JournalEncoder.sizeBound(of: event))
        guard case .poolEvent(let read)? = Self.decoded(Self.bytes(Self.encoded([event]))).first else {
            Issue.record("the event is gone")
            return
        }
        #expect(read.cause == String(repeating: "ü", count: JournalEncoder.textLimit / 2))
    }

    @Test(arguments: Sample.events) func recordTornAtAnyByteEndsTheJournal(event: LedgerEvent) {
        let before = Self.bytes(Self.encoded(Sample.events))
        let last = Self.bytes(Self.encoded([event]))
        for kept in 0..<last.count {
            // The padding at the end of a record is no part of it.
            let torn = last.prefix(kept) + [UInt8](repeating: 0, count: 64)
            if Array(torn.prefix(last.count)) == last { continue }
            #expect(Self.decoded(before + torn) == Sample.events, "cut after \(kept) bytes")
        }
    }

    @Test func anyFlippedBitEndsTheJournal() {
        let bytes = Self.bytes(Self.encoded([Sample.events[3]]))
        let size = Int(bytes[0]) + JournalEncoder.headerSize
        for bit in 0..<size * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(Self.decoded(damaged).isEmpty, "bit \(bit)")
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func noiseIsNoTrap(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var bytes = Self.bytes(Self.encoded(Sample.events))
        for _ in 0..<20 {
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
        }
        _ = Self.decoded(bytes)
        _ = Self.decoded((0..<500).map { _ in .random(in: 0...255, using: &generator) })
    }

    @Test(
        arguments: [
            [], [0], [1, 2, 3], Array(0..<8), Array(0..<16), Array(1..<18), Array(1..<26), Array(1...32), Array(1...40),
        ] as [[UInt8]])
    func extranonce2KeepsWireOrder(bytes: [UInt8]) {
        #expect(LedgerExtranonce2(bytes: bytes).bytes == Array(bytes.prefix(32)))
    }

    @Test func extranonce2FromNumberIsItsLastBytes() {
        #expect(LedgerExtranonce2(low: 0x0102, count: 3).bytes == [0, 1, 2])
        #expect(LedgerExtranonce2(high: 0xAB, low: 1, count: 9).bytes == [0xAB, 0, 0, 0, 0, 0, 0, 0, 1])
        let longest = LedgerExtranonce2(top: 1, upper: 2, high: 3, low: 4, count: 255)
        #expect(longest.bytes == [1, 2, 3, 4].flatMap { [0, 0, 0, 0, 0, 0, 0, $0] })
        #expect(longest == LedgerExtranonce2(bytes: longest.bytes))
    }
}

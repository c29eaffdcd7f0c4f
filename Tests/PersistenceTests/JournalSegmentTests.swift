import Testing

@testable import Persistence

@Suite struct JournalSegmentTests {
    @Test func whatIsWrittenStaysWhenPagesAreMadeReady() throws {
        let place = try TemporaryLedger()
        let size = JournalSegment.stretch * 2 + 4_096
        let segment = try JournalSegment.file(in: place.folder, sequence: 1, size: size)
        let last = size - 8
        segment.base.storeBytes(of: 0x0102_0304_0506_0708, toByteOffset: last, as: UInt64.self)
        for start in stride(from: 0, through: size, by: JournalSegment.stretch) { segment.prepare(from: start) }
        #expect(segment.base.load(fromByteOffset: last, as: UInt64.self) == 0x0102_0304_0506_0708)
        #expect(segment.base.load(as: UInt64.self) == JournalSegment.magic)
        #expect(segment.base.load(fromByteOffset: JournalSegment.stretch, as: UInt64.self) == 0)
    }
}

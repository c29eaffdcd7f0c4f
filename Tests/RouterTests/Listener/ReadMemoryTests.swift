import NIOCore
import Stratum
import Testing

@testable import Router

@Suite struct ReadMemoryTests {
    private static func read(_ text: String, from memory: ReadMemory) -> ByteBuffer {
        var buffer = memory.take()
        buffer.writeString(text)
        return buffer
    }

    /// Where the bytes of a buffer are.
    private static func place(of buffer: ByteBuffer) -> UnsafeRawPointer? {
        buffer.withVeryUnsafeBytes { $0.baseAddress }
    }

    @Test func whatWasReadMakesRoomForTheNextRead() {
        let memory = ReadMemory()
        func readOnce() -> UnsafeRawPointer? {
            let buffer = Self.read("line", from: memory)
            memory.giveBack(buffer)
            return Self.place(of: buffer)
        }
        let first = readOnce()
        #expect(first != nil)
        #expect(readOnce() == first)
    }

    @Test func whoStillLooksAtWhatWasReadKeepsIt() {
        let memory = ReadMemory()
        let buffer = Self.read("kept", from: memory)
        memory.giveBack(buffer)
        let next = Self.read("next", from: memory)
        #expect(Self.place(of: next) != Self.place(of: buffer))
        #expect(String(buffer: buffer) == "kept")
    }

    @Test func theRestOfALineDoesNotKeepTheMemory() throws {
        let memory = ReadMemory()
        var decoder = LineDecoder(maximumLength: 100)
        func arrive(_ text: String) -> UnsafeRawPointer? {
            var buffer = Self.read(text, from: memory)
            memory.giveBack(buffer)
            let place = Self.place(of: buffer)
            decoder.append(&buffer)
            return place
        }
        let first = arrive("begun")
        #expect(try decoder.nextLine() == nil)
        // The same memory again, with other bytes in it.
        #expect(arrive(" and done\nmore") == first)
        #expect(try decoder.nextLine().map { String(buffer: $0) } == "begun and done")
        #expect(try decoder.nextLine() == nil)
        #expect(decoder.bufferedCount == 4)
    }

    @Test func aChannelKeepsLittle() {
        let memory = ReadMemory()
        var allocator = ReadMemoryAllocator(memory)
        #expect(allocator.buffer(allocator: ByteBufferAllocator()).capacity == 32)
        let mayGrow = allocator.record(actualReadBytes: 32)
        #expect(mayGrow)
        #expect(allocator.buffer(allocator: ByteBufferAllocator()).capacity == 4096)
        #expect(allocator.nextBufferSize() == nil)
    }
}

import NIOCore

/// The memory that miners' bytes are read into: one buffer for all connections of an event loop, since what was read is
/// cut into lines and dealt with before the next read. NIO would keep one for each connection.
// Unchecked: it is used on its event loop only, and is handed to channels of that loop alone.
final class ReadMemory: @unchecked Sendable {
    private var spare = ByteBuffer()

    private static let capacity = 4096

    /// A buffer to read into.
    func take() -> ByteBuffer {
        var buffer = ByteBuffer()
        swap(&buffer, &self.spare)
        // Whoever still looks at what was read keeps it.
        if buffer.capacity > 0, buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil { return buffer }
        return ByteBufferAllocator().buffer(capacity: Self.capacity)
    }

    /// Keeps a buffer that was read into for the next time.
    func giveBack(_ buffer: ByteBuffer) {
        if buffer.capacity == Self.capacity { self.spare = buffer }
    }
}

/// Has a channel read into memory of its event loop. With one read a turn, the channel keeps only the buffer that it was
/// given first; so that one is small.
struct ReadMemoryAllocator: RecvByteBufferAllocator {
    private let memory: ReadMemory
    private var isFirst = true

    private static let firstCapacity = 32

    init(_ memory: ReadMemory) {
        self.memory = memory
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        self.isFirst ? allocator.buffer(capacity: Self.firstCapacity) : self.memory.take()
    }

    /// "The next one may be larger": otherwise the channel would read into the first one again.
    mutating func record(actualReadBytes: Int) -> Bool {
        self.isFirst = false
        return true
    }
}

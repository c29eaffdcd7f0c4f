import NIOCore

/// Buffers that replies are written into. A session has one only while it has something to say, so that a few serve all
/// sessions of an event loop, and none is allocated for a reply.
struct SpareBuffers {
    private var spares: [ByteBuffer] = []

    /// A burst of replies to a session fits; the buffer of a longer one is not kept.
    private static let capacity = 512
    private static let limit = 64

    mutating func take() -> ByteBuffer {
        self.spares.popLast() ?? ByteBufferAllocator().buffer(capacity: Self.capacity)
    }

    /// Takes a buffer whose bytes were written to a channel; of no use while the channel still has it.
    mutating func giveBack(_ buffer: consuming ByteBuffer) {
        guard self.spares.count < Self.limit, buffer.capacity <= 4 * Self.capacity else { return }
        guard buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil else { return }
        self.spares.append(buffer)
    }
}

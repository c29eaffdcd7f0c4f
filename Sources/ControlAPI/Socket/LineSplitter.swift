import NIOCore

/// Cuts a stream of bytes into lines and holds no more than one line that is unfinished.
struct LineSplitter {
    /// A line is longer than the limit; nothing behind it can be trusted.
    struct LineTooLong: Error {}

    private let limit: Int
    private var buffer = ByteBuffer()
    /// Bytes at the front of the buffer that are known to hold no line feed.
    private var scanned = 0

    /// - Parameter limit: longest line in bytes, without its line feed.
    init(limit: Int) {
        self.limit = limit
    }

    mutating func append(_ bytes: ByteBuffer) {
        var bytes = bytes
        self.buffer.discardReadBytes()
        self.buffer.writeBuffer(&bytes)
    }

    /// The next whole line without its line feed, nil if there is none yet.
    mutating func next() throws(LineTooLong) -> ByteBuffer? {
        let view = self.buffer.readableBytesView
        guard let feed = view.dropFirst(self.scanned).firstIndex(of: UInt8(ascii: "\n")) else {
            guard view.count <= self.limit else { throw LineTooLong() }
            self.scanned = view.count
            return nil
        }
        let length = feed - view.startIndex
        guard length <= self.limit, let line = self.buffer.readSlice(length: length) else { throw LineTooLong() }
        self.buffer.moveReaderIndex(forwardBy: 1)
        self.scanned = 0
        return line
    }
}

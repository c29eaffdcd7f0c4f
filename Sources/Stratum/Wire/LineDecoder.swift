public import NIOCore

/// Cuts a stream of bytes into lines.
///
/// Append what arrives, then take lines until there are none. A line ends with LF; blanks and CR around it are trimmed,
/// empty lines are skipped. Lines are slices of what was appended. Between lines the decoder holds no memory.
public struct LineDecoder: Sendable {
    private let maximumLength: Int
    private var buffer = ByteBuffer()
    private var isTooLong = false
    /// Readable bytes that are known to hold no LF.
    private var scanned = 0
    /// The buffer was made here for what is left of a line; otherwise its memory is whoever's that appended it.
    private var isOwn = false

    /// A decoder for lines of at most `maximumLength` bytes, LF not counted.
    public init(maximumLength: Int) {
        self.maximumLength = maximumLength
    }

    /// Bytes appended and not yet taken.
    public var bufferedCount: Int { self.buffer.readableBytes }

    /// Takes all readable bytes of `bytes`.
    public mutating func append(_ bytes: inout ByteBuffer) {
        defer { bytes.moveReaderIndex(to: bytes.writerIndex) }
        guard !self.isTooLong else {
            return
        }
        if self.buffer.readableBytes == 0 {
            self.buffer = bytes
            self.isOwn = false
        } else {
            self.buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next complete line, or nil if more bytes are needed.
    ///
    /// Throws `StratumError.lineTooLong`, then and ever after, once a line exceeds the limit, complete or not.
    public mutating func nextLine() throws(StratumError) -> ByteBuffer? {
        while let line = try self.nextRawLine() {
            let trimmed = Self.trimmingBlanks(line)
            if trimmed.readableBytes > 0 {
                return trimmed
            }
        }
        return nil
    }

    private mutating func nextRawLine() throws(StratumError) -> ByteBuffer? {
        guard !self.isTooLong else {
            throw .lineTooLong(limit: self.maximumLength)
        }
        let view = self.buffer.readableBytesView
        let lineEnd = view.dropFirst(self.scanned).firstIndex(of: UInt8(ascii: "\n"))
        let length = lineEnd.map { $0 - view.startIndex } ?? view.count
        guard length <= self.maximumLength else {
            self.buffer = ByteBuffer()
            self.isTooLong = true
            throw .lineTooLong(limit: self.maximumLength)
        }
        guard lineEnd != nil, let line = self.buffer.readSlice(length: length) else {
            self.keepUnfinishedLine()
            return nil
        }
        self.buffer.moveReaderIndex(forwardBy: 1)
        self.scanned = 0
        return line
    }

    /// Copies the rest, so that an unfinished line does not keep a larger buffer alive, nor one that is read into again.
    private mutating func keepUnfinishedLine() {
        self.scanned = self.buffer.readableBytes
        if self.scanned == 0 {
            self.buffer = ByteBuffer()
        } else if self.buffer.readerIndex > 0 || !self.isOwn {
            self.buffer = ByteBuffer(bytes: self.buffer.readableBytesView)
            self.isOwn = true
        }
    }

    private static func trimmingBlanks(_ line: ByteBuffer) -> ByteBuffer {
        let view = line.readableBytesView
        guard let first = view.firstIndex(where: { !Self.isBlank($0) }),
            let last = view.lastIndex(where: { !Self.isBlank($0) })
        else {
            return ByteBuffer()
        }
        return line.getSlice(at: first, length: last - first + 1) ?? ByteBuffer()
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}

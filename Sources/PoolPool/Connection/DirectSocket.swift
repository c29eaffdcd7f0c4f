import Glibc
package import NIOCore

/// Sends on a channel's socket past the channel, as long as the kernel takes all.
///
/// A channel puts what it is to write into a queue of its own and writes that with `write(2)`. To a peer that has read all
/// before, `send(2)` alone does the same for less (docs/performance.md, "What was gained"). What the kernel does not take is
/// for the channel, and so are errors: it knows how to wait and how to close.
package struct DirectSocket {
    private let transport: (any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>)?
    /// The channel was given something to write, and may have some of it still.
    private var isBehind = false

    /// Leaves all to the channel.
    package init() {
        self.transport = nil
    }

    /// None of the channel's handlers may do anything to what is sent, such as encrypt it.
    package init(_ channel: any Channel) {
        // NIO would make this cast whenever it is asked for the descriptor. Nil: the channel is no socket.
        self.transport = channel as? any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>
    }

    /// Sends and takes off `bytes` what the kernel takes: mostly all. What is left the caller must have the channel write and
    /// flush. Call on the channel's event loop.
    package mutating func send(_ bytes: inout ByteBuffer, in context: ChannelHandlerContext) {
        guard let transport = self.transport else { return }
        if self.isBehind, let left = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes), left == 0 {
            self.isBehind = false
        }
        // No descriptor once the channel has closed it: its number may be another one's by then. Nobody closes it before this
        // function returns.
        guard !self.isBehind, let descriptor = try? transport.withUnsafeTransport({ $0 }) else { return }
        let sent = bytes.withUnsafeReadableBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
        }
        bytes.moveReaderIndex(forwardBy: max(0, sent))
        self.isBehind = bytes.readableBytes > 0
    }
}

import Foundation
import NIOCore
import Stratum

/// What happens on a link, told on its loop.
protocol LineReceiver: AnyObject {
    /// The link is up.
    func linkOpened(_ channel: any Channel)
    /// One line came in.
    func lineReceived(_ line: ByteBuffer)
    /// Nothing more to read for now.
    func burstEnded()
    /// The link has ended; told once.
    func linkClosed(reason: String)
}

/// Cuts what arrives into lines.
final class LineHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var decoder = LineDecoder(maximumLength: 1 << 17)
    private var receiver: (any LineReceiver)?
    private var failure: String?

    init(receiver: any LineReceiver) {
        self.receiver = receiver
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { self.receiver?.linkOpened(context.channel) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.receiver?.linkOpened(context.channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.decoder.append(&bytes)
        do {
            while let line = try self.decoder.nextLine() {
                self.receiver?.lineReceived(line)
            }
        } catch {
            self.failure = "\(error)"
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.receiver?.burstEnded()
        context.flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.failure = "\(error)"
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.end()
    }

    private func end() {
        let receiver = self.receiver
        self.receiver = nil
        receiver?.linkClosed(reason: self.failure ?? "closed")
    }
}

extension Channel {
    /// Ends the link with a reset instead of an orderly close.
    func reset() {
        guard let socket = self as? any SocketOptionProvider else { return self.close(promise: nil) }
        socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).assumeIsolated().whenComplete { _ in
            self.close(promise: nil)
        }
    }
}

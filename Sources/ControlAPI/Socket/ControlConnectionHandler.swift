import Foundation
import NIOCore

/// One connection to the control socket: lines in, one reply each, in their order, one at a time.
///
/// Reads only when it has nothing left to do, and takes up a request only when the reply before it has left. So a
/// connection costs one line and one reply, however it behaves. Expects `autoRead` off and half closure allowed.
final class ControlConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Longest request in bytes.
    static let maximumLineLength = 64 * 1024

    private enum State {
        case waiting
        /// A reply is being made or written.
        case replying
        /// The last reply is being written; then the connection closes.
        case closing
    }

    private let responder: ControlResponder
    private var splitter = LineSplitter(limit: maximumLineLength)
    private var state = State.waiting
    private var inputClosed = false

    init(responder: ControlResponder) {
        self.responder = responder
    }

    func channelActive(context: ChannelHandlerContext) {
        context.read()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.splitter.append(self.unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.proceed(channel: context.channel)
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            self.inputClosed = true
            self.proceed(channel: context.channel)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func proceed(channel: any Channel) {
        guard self.state == .waiting else { return }
        do {
            while let line = try self.splitter.next() {
                guard line.readableBytesView.contains(where: { !Self.isBlank($0) }) else { continue }
                self.state = .replying
                return self.reply(to: line, channel: channel)
            }
        } catch {
            self.state = .closing
            let message = "a request has at most \(Self.maximumLineLength) bytes"
            let refusal = ControlResponder.failure(ControlError(code: .tooLong, message: message))
            return self.write(refusal, channel: channel)
        }
        if self.inputClosed {
            self.state = .closing
            channel.close(promise: nil)
        } else {
            channel.read()
        }
    }

    private func reply(to line: ByteBuffer, channel: any Channel) {
        let responder = self.responder
        let request = Data(line.readableBytesView)
        channel.eventLoop.makeFutureWithTask {
            await responder.reply(to: request)
        }.assumeIsolated().whenSuccess { reply in
            self.write(reply, channel: channel)
        }
    }

    private func write(_ reply: Data, channel: any Channel) {
        var buffer = channel.allocator.buffer(capacity: reply.count + 1)
        buffer.writeBytes(reply)
        buffer.writeInteger(UInt8(ascii: "\n"))
        channel.writeAndFlush(buffer).assumeIsolated().whenComplete { result in
            switch (self.state, result) {
            case (.replying, .success):
                self.state = .waiting
                self.proceed(channel: channel)
            case (.waiting, _), (.replying, .failure), (.closing, _):
                channel.close(promise: nil)
            }
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}

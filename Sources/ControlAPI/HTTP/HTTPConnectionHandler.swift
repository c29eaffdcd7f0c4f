import NIOCore
import NIOHTTP1

/// One HTTP connection: one request, one answer, then it closes.
final class HTTPConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// What a connection that is one too many is told.
    static let refusal = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    /// Largest request in bytes, header and body.
    static let maximumRequestSize = 16 * 1024

    /// Sets up a fresh connection.
    static func configure(_ channel: any Channel, responder: HTTPResponder) throws {
        try channel.pipeline.syncOperations.addHandlers([
            HTTPResponseEncoder(),
            RequestSizeHandler(maximum: Self.maximumRequestSize),
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
            HTTPConnectionHandler(responder: responder),
        ])
    }

    private enum State {
        case waiting
        case head(HTTPRequestHead)
        case answering
    }

    private let responder: HTTPResponder
    private var state = State.waiting

    private init(responder: HTTPResponder) {
        self.responder = responder
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (self.unwrapInboundIn(data), self.state) {
        case (.head(let head), .waiting):
            self.state = .head(head)
        case (.end, .head(let head)):
            self.state = .answering
            let (channel, responder) = (context.channel, self.responder)
            context.eventLoop.makeFutureWithTask {
                await responder.answer(method: head.method, uri: head.uri)
            }.assumeIsolated().whenSuccess { answer in
                self.write(answer, channel: channel)
            }
        case (.head, _), (.body, _), (.end, _):
            // A body means nothing here, and whatever follows the first request is not answered.
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch self.state {
        case .waiting, .head:
            self.state = .answering
            self.write(Self.answer(to: error), channel: context.channel)
        case .answering:
            // A pipelined request that is no HTTP; the answer to the first is still on its way.
            break
        }
    }

    private static func answer(to error: any Error) -> HTTPAnswer {
        switch error {
        case is RequestSizeHandler.TooLarge:
            .text(.requestHeaderFieldsTooLarge, "a request has at most \(Self.maximumRequestSize) bytes")
        default:
            .text(.badRequest, "this is no HTTP request")
        }
    }

    private func write(_ answer: HTTPAnswer, channel: any Channel) {
        var headers: HTTPHeaders = [
            "Content-Type": answer.contentType,
            "Content-Length": "\(answer.body.count)",
            "Cache-Control": "no-store",
            "Connection": "close",
        ]
        if let allow = answer.allow { headers.add(name: "Allow", value: allow) }
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: answer.body))), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil) }
    }
}

/// Counts what a connection sends, so that headers without end are not collected.
private final class RequestSizeHandler: ChannelInboundHandler {
    struct TooLarge: Error {}

    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let maximum: Int
    private var received = 0

    init(maximum: Int) {
        self.maximum = maximum
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.received <= self.maximum else { return }
        self.received += self.unwrapInboundIn(data).readableBytes
        if self.received > self.maximum {
            context.fireErrorCaught(TooLarge())
        } else {
            context.fireChannelRead(data)
        }
    }
}

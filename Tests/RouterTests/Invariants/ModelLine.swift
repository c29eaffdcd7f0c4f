import NIOCore
import NIOEmbedded
import Stratum

/// One line as the model peers read it.
struct ModelLine {
    var id: JSONValue
    var method: String?
    var params: [JSONValue]
    var result: JSONValue
    var error: JSONValue
    var text: String

    /// Nil if the text is no JSON object.
    init?(_ text: String) {
        guard let object = try? JSONValue(parsing: ByteBuffer(string: text)).object else { return nil }
        self.id = object["id"] ?? .null
        self.method = object["method"]?.string
        self.params = object["params"]?.array ?? []
        self.result = object["result"] ?? .null
        self.error = object["error"] ?? .null
        self.text = text
    }

    /// The parameter at `index` as a string; empty if there is none.
    func string(_ index: Int) -> String { index < self.params.count ? self.params[index].string ?? "" : "" }
    func number(_ index: Int) -> UInt32 { UInt32(self.string(index), radix: 16) ?? 0 }

    /// The job of a `mining.notify`.
    var work: NotifiedWork {
        NotifiedWork(
            previousHash: self.string(1),
            coinbase1: self.string(2),
            coinbase2: self.string(3),
            branches: self.params.count > 4 ? self.params[4].array?.compactMap(\.string) ?? [] : [],
            version: self.number(5),
            nbits: self.number(6),
            ntime: self.number(7)
        )
    }
}

/// Collects what a router writes to an embedded channel into lines.
struct LineReader {
    private var rest = ""

    mutating func lines(from channel: EmbeddedChannel) -> [String] {
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { self.rest += String(buffer: buffer) }
        guard self.rest.utf8.last == UInt8(ascii: "\n") else { return [] }
        defer { self.rest = "" }
        return self.rest.split(separator: "\n").map(String.init)
    }
}

/// Holds back the closing of a channel, as a TLS shutdown does.
final class LingeringClose: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private(set) var isClosing = false

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard !self.isClosing else { return }
        self.isClosing = true
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(300)) {
            context.close(mode: mode, promise: promise)
        }
    }
}

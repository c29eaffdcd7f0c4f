import Foundation
import NIOCore
import NIOEmbedded
import PoolPool
import Stratum
import Testing

/// The pool's side of recorded conversations, said to a ``PoolConnection``.
@Suite struct PoolConnectionReplayTests {
    /// Writes down what the connection announces.
    private final class Listener: PoolConnectionDelegate {
        var jobs: [String] = []
        var readyCount = 0
        var verdicts: [String] = []
        var reconnects = 0
        var failure: LinkFailure?

        func connection(_ connection: PoolConnection, did event: PoolEvent) {
            switch event {
            case .ready(let job):
                self.readyCount += 1
                self.jobs.append(words(job))
            case .job(let job): self.jobs.append(words(job))
            case .verdict(let request, let verdict):
                guard let (entry, _) = connection.takeShare(request: request) else { return }
                switch verdict {
                case .accepted: self.verdicts.append("\(entry.ticket.share) accepted")
                case .rejected(let rejection): self.verdicts.append("\(entry.ticket.share) \(rejection.message)")
                }
            case .reconnectRequested: self.reconnects += 1
            case .subscribed, .versionMaskChanged, .messageShown, .overstepped, .failed: break
            }
        }

        func connectionClosed(_ connection: PoolConnection, failure: LinkFailure) { self.failure = failure }
    }

    private static func connection(
        mask: UInt32? = nil,
        delegate: any PoolConnectionDelegate
    ) throws -> (PoolConnection, EmbeddedChannel) {
        let settings = PoolDialogueSettings(
            user: "acct.w1",
            password: "x",
            userAgent: "router/1",
            asksFirst: mask != nil,
            versionMask: mask ?? 0,
            handshakeTimeout: .seconds(10),
            questionTimeout: .seconds(5)
        )
        let connection = PoolConnection(id: 1, dialect: BitcoinDialect(), settings: settings, delegate: delegate)
        let channel = EmbeddedChannel(handler: connection)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 3333)).wait()
        return (connection, channel)
    }

    /// Says the pool's lines, submits a share where the miner did, and compares jobs and verdicts with what an
    /// independent reading of the lines expects.
    private static func replay(_ conversation: RecordedConversation, readyExpected: Bool) throws {
        let listener = Listener()
        let (connection, channel) = try Self.connection(delegate: listener)
        // The recorded miner's id → our requests with that id, oldest first. Subscribe and authorize are 1 and 2
        // in both.
        var requests: [Int: [(request: Int, share: Int64)]] = [:]
        var nextRequest = 3
        var expectedVerdicts: [String] = []
        var expectedJobs: [String] = []
        var subscribed = false
        for (speaker, text) in conversation.lines {
            let json = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            let id = json?["id"] as? Int
            if speaker == .miner {
                guard json?["method"] as? String == "mining.submit", let id, connection.isReady else { continue }
                let share = someShare(Int64(nextRequest))
                #expect(connection.submit(share, user: "acct.w1", now: channel.embeddedEventLoop.now))
                requests[id, default: []].append((nextRequest, share.ticket.share))
                nextRequest += 1
                continue
            }
            var line = text
            if json?["method"] == nil, let id, requests[id]?.isEmpty == false, let request = requests[id]?.removeFirst()
            {
                line = text.replacing("\"id\":\(id)", with: "\"id\":\(request.request)")
                let isTrue = (json?["result"] as? Bool) == true && (json?["error"] is NSNull)
                let error = (json?["error"] as? [Any])?.dropFirst().first as? String
                let reason = error ?? json?["error"] as? String ?? json?["reject-reason"] as? String ?? ""
                expectedVerdicts.append("\(request.share) \(isTrue ? "accepted" : reason)")
            } else if json?["method"] as? String == "mining.notify", subscribed {
                expectedJobs.append((json?["params"] as? [Any])?.first as? String ?? "")
            } else if id == 1, json?["method"] == nil {
                subscribed = true
            }
            try channel.writeInbound(ByteBuffer(string: line + "\n"))
        }
        #expect(listener.verdicts == expectedVerdicts)
        let isRefused = conversation.lines.contains { $0.text.contains("params not an array") }
        #expect(listener.failure?.kind == (isRefused ? .subscribeRefused : nil))
        #expect(listener.readyCount == (readyExpected ? 1 : 0), "\(conversation.lines.first?.text ?? "")")
        if readyExpected { #expect(listener.jobs.map { String($0.prefix { $0 != " " }) } == expectedJobs) }
        _ = try? channel.finish()
    }

    @Test(arguments: ["ckpool-minerd.txt", "ckpool-restart-handover.txt", "ckpool-block-source-dies.txt"])
    func miningConversationsBringTheSameJobsAndVerdicts(file: String) throws {
        for conversation in try RecordedConversation.connections(in: file) {
            try Self.replay(conversation, readyExpected: true)
        }
    }

    @Test(arguments: ["ckpool-probe.txt", "ckpool2017-probe.txt"])
    func oddAnswersAreUnderstood(file: String) throws {
        let conversations = try RecordedConversation.connections(in: file)
        #expect(conversations.count > 10)
        for conversation in conversations {
            let said = conversation.lines.filter { $0.speaker == .pool }.map(\.text)
            let subscribed = said.firstIndex { $0.contains("mining.notify\",\"") }
            let authorized = said.firstIndex {
                $0.hasSuffix("\"result\":true,\"error\":null,\"id\":2}") || $0 == Self.yes
            }
            let isReady = authorized.flatMap { end in subscribed.map { $0 < end } } ?? false
            try Self.replay(conversation, readyExpected: isReady)
        }
    }

    private static let yes = #"{"result":true,"error":null,"id":2}"#

    @Test func recordedDifficultyAndExtranonceGoWithTheJob() throws {
        let conversation = try #require(try RecordedConversation.connections(in: "ckpool-minerd.txt").first)
        let listener = Listener()
        let (_, channel) = try Self.connection(delegate: listener)
        for (speaker, text) in conversation.lines where speaker == .pool {
            try channel.writeInbound(ByteBuffer(string: text + "\n"))
        }
        #expect(listener.jobs.first == "6b02e20f00000002 11e2026b/8 d=0.0005 m=0")
        _ = try? channel.finish()
    }

    @Test func aPoolThatClosesOnConfigureIsRecognised() throws {
        let conversation = try #require(
            try RecordedConversation.connections(in: "ckpool2017-closes-on-configure.txt").first
        )
        #expect(conversation.lines.first?.text.contains("mining.configure") == true)
        #expect(!conversation.lines.contains { $0.speaker == .pool })
        let listener = Listener()
        let (_, channel) = try Self.connection(mask: 0x1fff_e000, delegate: listener)
        channel.pipeline.fireChannelInactive()
        #expect(listener.failure?.kind == .questionRefused)
    }

    @Test func aResetOnConfigureIsRecognisedToo() throws {
        let listener = Listener()
        let (_, channel) = try Self.connection(mask: 0x1fff_e000, delegate: listener)
        channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNRESET, reason: "read"))
        channel.embeddedEventLoop.run()
        #expect(listener.failure?.kind == .questionRefused)
    }

    @Test func linesMayComeInAnyPieces() throws {
        let conversation = try #require(try RecordedConversation.connections(in: "ckpool-minerd.txt").first)
        let said = conversation.lines.filter { $0.speaker == .pool }.prefix(4).map { $0.text + "\r\n" }.joined()
        for size in [1, 7, 100, 10_000] {
            let listener = Listener()
            let (_, channel) = try Self.connection(delegate: listener)
            var rest = ByteBuffer(string: said)
            while let piece = rest.readSlice(length: min(size, rest.readableBytes)), piece.readableBytes > 0 {
                try channel.writeInbound(piece)
            }
            #expect(listener.readyCount == 1, "pieces of \(size) bytes")
            _ = try? channel.finish()
        }
    }

    @Test func anEndlessLineEndsTheConnection() throws {
        let listener = Listener()
        let (_, channel) = try Self.connection(delegate: listener)
        try channel.writeInbound(ByteBuffer(repeating: UInt8(ascii: "x"), count: 200 * 1024))
        channel.embeddedEventLoop.run()
        #expect(listener.failure?.kind == .protocolViolation)
    }
}

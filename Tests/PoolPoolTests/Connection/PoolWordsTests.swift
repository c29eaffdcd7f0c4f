import NIOCore
import NIOEmbedded
import PoolPool
import Stratum
import Testing

/// What is said of a pool that does not understand the router.
@Suite struct PoolWordsTests {
    private final class Listener: PoolConnectionDelegate {
        var failure: LinkFailure?
        func connection(_ connection: PoolConnection, did event: PoolEvent) {}
        func connectionClosed(_ connection: PoolConnection, failure: LinkFailure) { self.failure = failure }
    }

    /// The failure of a connection on which the pool says these lines, then nothing for a minute, or hangs up.
    private static func failure(
        _ dialect: any Dialect, flavor: String? = nil, password: String = "secret", says lines: [String],
        closes: Bool = false
    ) throws -> String {
        var options = DialectOptions()
        if let flavor { options["flavor"] = flavor }
        let listener = Listener()
        let connection = PoolConnection(
            id: 1,
            dialect: dialect,
            settings: PoolDialogueSettings(
                user: "account", password: password, userAgent: "router/1", asksFirst: false,
                handshakeTimeout: .seconds(10), questionTimeout: .seconds(5), options: options
            ),
            delegate: listener
        )
        let channel = EmbeddedChannel()
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 3333), promise: nil)
        try channel.pipeline.syncOperations.addHandler(connection)
        for line in lines { try channel.writeInbound(ByteBuffer(string: line + "\n")) }
        if closes { channel.close(promise: nil) }
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        connection.tick(now: channel.embeddedEventLoop.now)
        return try #require(listener.failure).description
    }

    @Test func aPoolOfAnotherFlavorIsQuoted() throws {
        let ethash = try EthashDialect(DialectOptions())
        let error = #"{"id":1,"jsonrpc":"2.0","error":{"code":-3,"message":"Method not found"}}"#
        for flavor in ["proxy", "stratum1", "stratum2"] {
            let failure = try Self.failure(ethash, flavor: flavor, says: [error])
            #expect(failure.contains("Method not found"), "\(flavor): \(failure)")
            #expect(failure.hasSuffix("; is the pool's protocol and flavor right?"), "\(flavor): \(failure)")
        }
    }

    @Test func aPoolOfAnotherProtocolIsQuoted() throws {
        let failure = try Self.failure(
            BitcoinDialect(),
            says: [#"{"id":7,"result":null,"error":[20,"Unknown",null]}"#, #"{"method":"mining.hint","params":[]}"#]
        )
        #expect(
            failure == "handshake-timeout: no answer while subscribing; the pool said "
                + #"{"id":7,"result":null,"error":[20,"Unknown",null]}; is the pool's protocol right?"#
        )
    }

    @Test func aSilentPoolIsDoubtedToo() throws {
        let failure = try Self.failure(BitcoinDialect(), says: [])
        #expect(
            failure == "handshake-timeout: no answer while subscribing; the pool said nothing; "
                + "is the pool's protocol right?"
        )
    }

    @Test func aPoolThatUnderstandsIsNotDoubted() throws {
        let lines = [#"{"id":1,"result":[[["mining.notify","s1"]],"8100f3c2",8],"error":null}"#]
        let failure = try Self.failure(BitcoinDialect(), says: lines)
        #expect(failure == "handshake-timeout: no answer while authorising; the pool last said \(lines[0])")
        let refusal = try Self.failure(
            BitcoinDialect(), says: lines + [#"{"id":2,"result":null,"error":[24,"Unauthorized worker",null]}"#])
        #expect(refusal == "authorization-refused: Unauthorized worker")
    }

    @Test func aPoolThatClosesWithAWordIsQuotedAndOneThatOnlyClosesIsNot() throws {
        let quoted = try Self.failure(BitcoinDialect(), says: ["ERROR bad request"], closes: true)
        #expect(
            quoted == "closed: closed by the pool; the pool last said ERROR bad request; is the pool's protocol right?")
        #expect(try Self.failure(BitcoinDialect(), says: [], closes: true) == "closed: closed by the pool")
    }

    @Test func whatIsQuotedIsShortPrintableAndWithoutThePassword() throws {
        let line = "\u{1b}[31m secret é " + String(repeating: "a", count: 10_000)
        let failure = try Self.failure(BitcoinDialect(), says: [line], closes: true)
        let start = "closed: closed by the pool; the pool last said ?[31m *** ?? aaaa"
        #expect(failure.hasPrefix(start))
        #expect(failure.hasSuffix("a…; is the pool's protocol right?"))
        #expect(failure.utf8.count < 300)
        #expect(failure.unicodeScalars.allSatisfy { $0 == "…" || (0x20...0x7e).contains($0.value) })
    }

    /// Wherever in the line it stands: a part of it at the edge of what is shown would be no secret any more.
    @Test func noPartOfThePasswordIsQuoted() throws {
        for start in [0, 1, 140, 155, 156, 159, 160, 400] {
            let line = String(repeating: "a", count: start) + "correct horse" + String(repeating: "b", count: 300)
            let failure = try Self.failure(BitcoinDialect(), password: "correct horse", says: [line], closes: true)
            #expect(!failure.contains("ac") && !failure.contains("said c"), "\(start): \(failure)")
        }
    }

    @Test(arguments: [
        (#"a"b\c/d"#, #"{"id":2,"result":null,"error":[24,"no user a\"b\\c\/d",null]}"#),
        ("geheim", ##"{"id":2,"result":null,"error":[24,"no user \u0067\u0065heim",null]}"##),
        ("geheim", "{\"id\":2,\"result\":null,\"error\":[24,\"no user geheim\u{301}\",null]}"),
        ("schlüssel", #"{"id":2,"result":null,"error":[24,"no user schl\u00fcssel",null]}"#),
    ])
    func aPasswordThatThePoolRepeatsInItsOwnSpellingIsHidden(password: String, line: String) throws {
        let asked = #"{"id":1,"result":[[["mining.notify","s1"]],"8100f3c2",8],"error":null}"#
        // In the pool's reason, and in its line.
        for lines in [[asked, line], [line.replacing(#""id":2"#, with: #""id":7"#)]] {
            let failure = try Self.failure(BitcoinDialect(), password: password, says: lines)
            #expect(failure.unicodeScalars.contains("no user ***".unicodeScalars), "\(failure)")
        }
    }

    @Test func aStreamOfNonsenseIsQuoted() throws {
        let failure = try Self.failure(BitcoinDialect(), says: Array(repeating: "HTTP/1.1 400 Bad Request", count: 5))
        #expect(failure.hasPrefix("protocol-violation: 5 malformed lines in a row, last: "))
        #expect(
            failure.hasSuffix("; the pool last said HTTP/1.1 400 Bad Request; is the pool's protocol right?"))
    }
}

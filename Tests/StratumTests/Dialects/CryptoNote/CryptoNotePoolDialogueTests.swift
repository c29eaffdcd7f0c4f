import NIOCore
import Stratum
import Testing

@Suite struct CryptoNotePoolDialogueTests {
    private typealias Samples = CryptoNoteSamples

    private static func share(_ job: String = "j1", nonce: UInt32 = 0x9556_5503, more: String = "") -> PoolShare {
        let proof = ByteBuffer(bytes: bytes(Samples.result) + Array(more.utf8))
        return PoolShare(jobID: job, prefix: [3], found: FoundNonce(nonce: nonce, proof: proof))
    }

    private static func error(_ text: String, id: Int = 2) -> String {
        #"{"id":\#(id),"jsonrpc":"2.0","error":{"code":-1,"message":"\#(text)"}}"#
    }

    // MARK: Handshake

    @Test func loginNamesAllThatIsKnown() throws {
        var link = try CryptoNoteLink(options: ["rigid": "r\"1"], algo: "rx/0, cn/r")
        let (event, text) = link.connect()
        #expect(event == nil)
        #expect(
            text == #"{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"wallet.rig","pass":"pw","#
                + #""agent":"router/1","rigid":"r\"1","algo":["rx/0","cn/r"]}}"# + "\n"
        )
        #expect(!link.dialogue.isReady)
    }

    @Test(arguments: [(5000.5, "+5001"), (3, "+100"), (1e18, "+2147483647")])
    func suggestedDifficultyIsPartOfTheLogin(difficulty: Double, suffix: String) throws {
        var link = try CryptoNoteLink(suggested: difficulty)
        #expect(link.connect().text.contains(#""login":"wallet.rig\#(suffix)""#))
        var other = try CryptoNoteLink(user: "wallet+7000", suggested: difficulty)
        #expect(other.connect().text.contains(#""login":"wallet+7000""#))
    }

    @Test func withoutUserItWaits() throws {
        var link = try CryptoNoteLink(user: nil)
        let (event, text) = link.connect()
        guard case .subscribed(let terms) = event else {
            Issue.record("\(String(describing: event))")
            return
        }
        #expect(terms == PoolTerms(room: nil, summary: ""))
        #expect(text.isEmpty)
        #expect(link.tick(after: .hours(1)).event == nil)
        var output = ByteBuffer()
        link.dialogue.authorize(user: "later", password: "p", now: link.now, into: &output)
        #expect(String(buffer: output).contains(#""login":"later""#))
        output.clear()
        link.dialogue.authorize(user: "again", password: "p", now: link.now, into: &output)
        #expect(output.readableBytes == 0)
        guard case .ready = link.receive(Samples.loginReply()).event else {
            Issue.record("not ready")
            return
        }
    }

    @Test func loginWithoutJobWaitsForOne() throws {
        var link = try CryptoNoteLink()
        _ = link.connect()
        #expect(link.receive(Samples.loginReply(job: nil)).event == nil)
        #expect(!link.dialogue.isReady)
        guard case .ready = link.receive(Samples.notification(Samples.job())).event else {
            Issue.record("not ready")
            return
        }
        #expect(link.dialogue.isReady)
    }

    @Test func jobBeforeTheReplyIsKept() throws {
        var link = try CryptoNoteLink()
        _ = link.connect()
        #expect(link.receive(Samples.notification(Samples.job("early"))).event == nil)
        guard case .ready(let job) = link.receive(Samples.loginReply(job: nil)).event else {
            Issue.record("not ready")
            return
        }
        #expect(job.work.id == "early")
    }

    @Test(arguments: [
        (error("Invalid payment address provided", id: 1), LinkFailure.Kind.authorizationRefused),
        (error("IP Address currently banned", id: 1), .authorizationRefused),
        (#"{"id":1,"error":null,"result":{"status":"OK"}}"#, .protocolViolation),
        (#"{"id":1,"error":null,"result":null}"#, .authorizationRefused),
        (#"{"id":null,"error":{"code":-1,"message":"Your IP is banned"}}"#, .authorizationRefused),
        (Samples.loginReply(job: Samples.job(target: "00000000")), .protocolViolation),
        (Samples.loginReply(job: Samples.job(algo: "kawpow")), .protocolViolation),
        (Samples.notification(Samples.job(blob: "00")), .protocolViolation),
    ])
    func refusedLoginEndsTheConnection(text: String, kind: LinkFailure.Kind) throws {
        var link = try CryptoNoteLink()
        _ = link.connect()
        guard case .failed(let failure) = link.receive(text).event else {
            Issue.record("not failed")
            return
        }
        #expect(failure.kind == kind)
        #expect(link.receive(Samples.loginReply()).event == nil)
    }

    @Test func silenceEndsTheHandshake() throws {
        var link = try CryptoNoteLink()
        _ = link.connect()
        #expect(link.tick(after: .seconds(9)).event == nil)
        guard case .failed(let failure) = link.tick(after: .seconds(1)).event else {
            Issue.record("still waiting")
            return
        }
        #expect(failure.kind == .handshakeTimeout)
    }

    // MARK: Jobs

    @Test func roomIsTheByteThatThePoolLeaves() throws {
        let taken = Samples.blob.replacing("cc0000000026", with: "cc0000000726")
        #expect(try CryptoNoteLink.ready().1.room == 1)
        #expect(try CryptoNoteLink.ready(Samples.job(blob: taken)).1.room == 0)
        // A zero is the pool's choice where it says that it chooses.
        #expect(try CryptoNoteLink.ready(extensions: #""nicehash""#).1.room == 0)
        let dialect = try CryptoNoteDialect()
        #expect(dialect.layout(rooms: [1, 1]) == NonceLayout(total: 1))
        #expect(dialect.layout(rooms: [1, 0]) == NonceLayout(total: 0))
        #expect(dialect.layout(rooms: []) == nil)
    }

    @Test func anotherBlockOrHeightIsClean() throws {
        var (link, first) = try CryptoNoteLink.ready()
        #expect(first.work.isClean)
        #expect(hex(first.work.block) == Samples.previousID)
        #expect(
            first.work.tip == BlockTip(hash: bytes(Samples.previousID), height: 100, isProven: false, isProvable: false)
        )
        #expect(first.difficulty == 5000)
        let merkle = Samples.blob.replacing("14d102", with: "14d103")
        let sameBlock = try link.job(Samples.job("j2", blob: merkle))
        #expect(!sameBlock.work.isClean)
        #expect(!sameBlock.work.isSameSearch(as: first.work))
        #expect(sameBlock.work.isNews(after: first.work))
        let again = try link.job(Samples.job("j3", blob: merkle))
        #expect(again.work.isSameSearch(as: sameBlock.work))
        let otherBlock = try link.job(Samples.job("j4", blob: merkle.replacing("05e778", with: "05e779")))
        #expect(otherBlock.work.isClean)
        #expect(otherBlock.work.block != again.work.block)
        let otherHeight = try link.job(
            Samples.job("j5", blob: merkle.replacing("05e778", with: "05e779"), height: 101))
        #expect(otherHeight.work.isClean && otherHeight.work.block == otherBlock.work.block)
    }

    @Test func reconnectAndStrangeMethodsArePassedOnOrIgnored() throws {
        var (link, _) = try CryptoNoteLink.ready()
        let text = #"{"id":null,"method":"client.reconnect","params":["pool.example.com","3334"]}"#
        guard case .reconnectRequested("pool.example.com"?, 3334?, nil) = link.receive(text).event else {
            Issue.record("no reconnect")
            return
        }
        guard case .overstepped = link.receive(text.replacing("3334", with: "99999")).event else {
            Issue.record("a port that is none")
            return
        }
        #expect(link.receive(#"{"id":5,"method":"mining.notify","params":[]}"#).event == nil)
        #expect(link.receive(#"{"id":99,"result":{"status":"OK"}}"#).event == nil)
    }

    @Test func aFewMalformedLinesAreSurvivedAndTold() throws {
        var (link, _) = try CryptoNoteLink.ready()
        func isTold(_ line: String) -> Bool {
            if case .overstepped = link.receive(line).event { true } else { false }
        }
        for _ in 0..<4 { #expect(isTold("{")) }
        _ = try link.job(Samples.job("j2"))
        for _ in 0..<4 { #expect(isTold("[]")) }
        guard case .failed(let failure) = link.receive("x").event else {
            Issue.record("not failed")
            return
        }
        #expect(failure.kind == .protocolViolation)
    }

    // MARK: Shares

    @Test func shareIsSentInThePoolsWords() throws {
        var (link, _) = try CryptoNoteLink.ready()
        let (request, text) = link.submit(Self.share(more: #","sig":"ab""#))
        #expect(request == 2)
        #expect(
            text == #"{"id":2,"jsonrpc":"2.0","method":"submit","params":{"id":"pool-session","job_id":"j1","#
                + #""nonce":"95565503","result":"\#(Samples.result)","sig":"ab"}}"# + "\n"
        )
    }

    @Test func algorithmIsNamedToPoolsThatAskForIt() throws {
        var (link, _) = try CryptoNoteLink.ready(extensions: #""algo""#)
        _ = try link.job(Samples.job("j2", algo: "rx/wow"))
        #expect(link.submit(Self.share("j1")).text.contains(#","algo":"rx/0"}"#))
        #expect(link.submit(Self.share("j2")).text.contains(#","algo":"rx/wow"}"#))
    }

    @Test func shareWithoutResultIsNotSent() throws {
        var (link, _) = try CryptoNoteLink.ready()
        let (request, text) = link.submit(PoolShare(jobID: "j1", found: FoundNonce(nonce: 1)))
        #expect(request == nil && text.isEmpty)
    }

    @Test(arguments: [
        ("Low difficulty share", Rejection.Kind.lowDifficulty), ("LOW DIFFICULTY SHARE", .lowDifficulty),
        ("Duplicate share", .duplicate), ("Block expired", .stale), ("Block outdated", .stale),
        ("Invalid job id", .stale), ("Invalid nonce", .malformed), ("Invalid job params", .malformed),
        ("Malformed share", .malformed), ("Bad gateway", .other), ("", .other),
    ])
    func refusalIsUnderstood(text: String, kind: Rejection.Kind) throws {
        var (link, _) = try CryptoNoteLink.ready()
        _ = link.submit(Self.share())
        guard case .verdict(2, .rejected(let rejection)) = link.receive(Self.error(text)).event else {
            Issue.record("no verdict")
            return
        }
        #expect(rejection == Rejection(code: -1, message: text, kind: kind))
        #expect(link.dialogue.isReady)
    }

    @Test(arguments: [
        (#"{"id":2,"error":null,"result":{"status":"OK"}}"#, true), (#"{"id":2,"result":{"status":"OK"}}"#, true),
        (#"{"id":2,"error":null,"result":true}"#, true), (#"{"id":2,"error":null,"result":null}"#, false),
        (#"{"id":2,"result":false}"#, false), (#"{"id":2,"error":"no","result":{"status":"OK"}}"#, false),
    ])
    func verdictIsReadFromAnyShape(text: String, isAccepted: Bool) throws {
        var (link, _) = try CryptoNoteLink.ready()
        _ = link.submit(Self.share())
        guard case .verdict(2, let verdict) = link.receive(text).event else {
            Issue.record("no verdict")
            return
        }
        #expect((verdict == .accepted) == isAccepted)
    }

    @Test(arguments: [
        ("Unauthenticated", LinkFailure.Kind.closed), ("your IP is banned", .authorizationRefused),
        ("IP Address currently banned", .authorizationRefused),
    ])
    func endedSessionGivesTheVerdictAndThenFails(text: String, kind: LinkFailure.Kind) throws {
        var (link, _) = try CryptoNoteLink.ready()
        _ = link.submit(Self.share())
        guard case .verdict(2, .rejected(let rejection)) = link.receive(Self.error(text)).event else {
            Issue.record("no verdict")
            return
        }
        #expect(rejection.kind == .unauthorized)
        #expect(!link.dialogue.isReady)
        #expect(link.submit(Self.share()).request == nil)
        guard case .failed(let failure) = link.tick().event else {
            Issue.record("not failed")
            return
        }
        #expect(failure.kind == kind)
        #expect(link.tick().event == nil)
    }

    // MARK: Keeping it open

    @Test func keepaliveFollowsFiftySecondsOfSilence() throws {
        var (link, _) = try CryptoNoteLink.ready()
        #expect(link.tick(after: .seconds(49)).text.isEmpty)
        let text = link.tick(after: .seconds(1)).text
        #expect(
            text == #"{"id":2,"jsonrpc":"2.0","method":"keepalived","params":{"id":"pool-session"}}"# + "\n")
        #expect(link.tick(after: .seconds(49)).text.isEmpty)
        #expect(link.receive(#"{"id":2,"error":null,"result":{"status":"KEEPALIVED"}}"#).event == nil)
        #expect(!link.tick(after: .seconds(1)).text.isEmpty)
    }

    @Test func sharesStandForKeepalives() throws {
        var (link, _) = try CryptoNoteLink.ready()
        _ = link.tick(after: .seconds(40))
        _ = link.submit(Self.share())
        #expect(link.tick(after: .seconds(20)).text.isEmpty)
        #expect(link.tick(after: .seconds(49)).text.isEmpty)
        #expect(!link.tick(after: .seconds(1)).text.isEmpty)
    }

    @Test func refusedKeepaliveIsNotRepeated() throws {
        var (link, _) = try CryptoNoteLink.ready()
        _ = link.tick(after: .seconds(50))
        #expect(link.receive(Self.error("Invalid method")).event == nil)
        #expect(link.tick(after: .hours(1)).text.isEmpty)
        #expect(link.dialogue.isReady)
    }
}

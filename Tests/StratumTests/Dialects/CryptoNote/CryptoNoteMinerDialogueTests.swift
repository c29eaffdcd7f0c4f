import NIOCore
import Stratum
import Testing

@Suite struct CryptoNoteMinerDialogueTests {
    private typealias Samples = CryptoNoteSamples

    // MARK: Login

    @Test(
        arguments: [
            ("w1", "", "w1", nil), ("w1+5000", "", "w1", 5000), ("w1.rig+100", "", "w1.rig", 100),
            ("w1+99", "", "w1", nil), ("w1+2147483647", "", "w1", 2_147_483_647), ("w1+2147483648", "", "w1", nil),
            ("w1+99999999999999999999999", "", "w1", nil), ("a+b", "", "a+b", nil), ("a+", "", "a+", nil),
            ("w1", #","rigid":"shed""#, "w1.shed", nil), ("w1+500", #","rigid":"shed""#, "w1.shed", 500),
            ("w1.rig", #","rigid":"shed""#, "w1.rig", nil), ("", #","rigid":"shed""#, "", nil),
            ("w1", #","rigid":"""#, "w1", nil), ("w1", #","rigid":7"#, "w1.7", nil),
        ] as [(String, String, String, Double?)])
    func loginNamesUserAndDifficulty(user: String, more: String, name: String, difficulty: Double?) throws {
        var rig = try CryptoNoteRig()
        let (login, text) = try rig.logIn(Samples.login(user, more: more))
        #expect(login.user == name)
        #expect(login.suggestedDifficulty == difficulty)
        #expect(login.password == "x" && login.userAgent == "XMRig/6.x" && login.sessionID == nil)
        #expect(text.isEmpty)
    }

    @Test(arguments: ["", #","params":["w1","x"]"#, #","params":"w1""#, #","params":null"#, #","params":7"#])
    func loginWithoutAnObjectHasInvalidParameters(params: String) throws {
        var rig = try CryptoNoteRig()
        let (step, text) = try rig.receive(#"{"id":1,"jsonrpc":"2.0","method":"login"\#(params)}"#)
        #expect(step == nil)
        #expect(text == #"{"id":1,"jsonrpc":"2.0","error":{"code":-1,"message":"Invalid params"}}"# + "\n")
        #expect(try rig.logIn().login.user == "w1")
    }

    @Test func loginIsAnsweredWithTheFirstJob() throws {
        var rig = try CryptoNoteRig()
        try rig.logIn()
        let job = Samples.job(more: #","sig_key":"ab","xn":"01","proofsize":{"a":[1, 2]},"id":"pool-session""#)
        var (link, upstream) = try CryptoNoteLink.ready(job)
        let blob = Samples.blob.replacing("cc0000000026", with: "cc0000000326")
        let members =
            #"{"blob":"\#(blob)","job_id":"1f","algo":"rx/0","height":100,"seed_hash":"\#(Samples.seed)","#
            + #""sig_key":"ab","xn":"01","proofsize":{"a":[1, 2]},"target":"711b0d00","id":"s"}"#
        #expect(
            rig.deliver(try rig.issue(upstream), upstream)
                == #"{"id":1,"jsonrpc":"2.0","error":null,"result":{"id":"s","job":\#(members),"#
                + #""extensions":["algo","nicehash","keepalive"],"status":"OK"}}"# + "\n"
        )
        let next = try link.job(job.replacing("j1", with: "j2"))
        #expect(
            rig.deliver(try rig.issue(next, id: "20"), next)
                == #"{"jsonrpc":"2.0","method":"job","params":\#(members.replacing("\"1f\"", with: "\"20\""))}"#
                + "\n"
        )
    }

    @Test func refusedLoginIsAnErrorAndMayBeRepeated() throws {
        var rig = try CryptoNoteRig()
        guard case .login(let login) = try rig.receive(Samples.login()).step else {
            Issue.record("no login")
            return
        }
        var output = ByteBuffer()
        rig.dialogue.authorized(false, request: login.request, into: &output)
        #expect(
            String(buffer: output)
                == #"{"id":1,"jsonrpc":"2.0","error":{"code":-1,"message":"Permission denied"}}"# + "\n")
        #expect(try rig.logIn().login.user == "w1")
    }

    @Test func secondLoginIsRefused() throws {
        var rig = try CryptoNoteRig()
        try rig.logIn()
        let (step, text) = try rig.receive(Samples.login())
        #expect(step == nil)
        #expect(text.contains("Already logged in"))
    }

    @Test func requestsBeforeTheLoginAreRefused() throws {
        var rig = try CryptoNoteRig()
        for method in ["keepalived", "getjob"] {
            let (step, text) = try rig.receive(#"{"id":"a","method":"\#(method)","params":{"id":"s"}}"#)
            #expect(step == nil)
            #expect(text == #"{"id":"a","jsonrpc":"2.0","error":{"code":-1,"message":"Unauthenticated"}}"# + "\n")
        }
        guard case .malformedSubmit(.integer(2), let rejection) = try rig.receive(Samples.submit()).step else {
            Issue.record("taken")
            return
        }
        #expect(rejection.message == "Unauthenticated")
    }

    // MARK: Algorithms

    @Test func minerOfAnotherAlgorithmIsToldAtItsLogin() throws {
        var rig = try CryptoNoteRig(algo: "rx/0,cn/r")
        let (step, text) = try rig.receive(Samples.login(more: #","algo":["rx/wow","cn/half"]"#))
        guard case .leave = step else {
            Issue.record("taken")
            return
        }
        #expect(text.contains("No compatible algorithm found, change algo option in your miner."))
        var other = try CryptoNoteRig(algo: "rx/0,cn/r")
        try other.logIn(Samples.login(more: #","algo":["randomx"]"#))
    }

    @Test func jobThatTheMinerDoesNotKnowEndsTheConversation() throws {
        var rig = try CryptoNoteRig()
        try rig.logIn(Samples.login(more: #","algo":["rx/wow"]"#))
        var (link, upstream) = try CryptoNoteLink.ready(Samples.job(algo: "rx/wow"))
        #expect(!rig.deliver(try rig.issue(upstream), upstream).isEmpty)
        let next = try link.job(Samples.job("j2"))
        #expect(rig.deliver(try rig.issue(next, id: "20"), next).isEmpty)
        let (step, text) = try rig.receive(Samples.submit())
        guard case .leave = step else {
            Issue.record("stays")
            return
        }
        #expect(text.contains("No compatible algorithm") && text.hasPrefix(#"{"id":2,"#))
    }

    @Test func firstJobThatTheMinerDoesNotKnowIsARefusedLogin() throws {
        var rig = try CryptoNoteRig()
        try rig.logIn(Samples.login(more: #","algo":["rx/wow"]"#))
        let (_, upstream) = try CryptoNoteLink.ready()
        let text = rig.deliver(try rig.issue(upstream), upstream)
        #expect(text.hasPrefix(#"{"id":1,"#) && text.contains("No compatible algorithm"))
    }

    // MARK: Jobs

    @Test func theSameJobIsNotSentTwice() throws {
        var rig = try CryptoNoteRig()
        try rig.logIn()
        let (_, upstream) = try CryptoNoteLink.ready()
        let work = try rig.issue(upstream)
        #expect(!rig.deliver(work, upstream).isEmpty)
        #expect(rig.deliver(work, upstream).isEmpty)
        #expect(!rig.deliver(work, upstream, difficulty: 6000).isEmpty)
        #expect(rig.deliver(work, upstream, difficulty: 6000).isEmpty)
        #expect(!rig.deliver(try rig.issue(upstream, id: "20", before: 1), upstream, difficulty: 6000).isEmpty)
    }

    @Test func getjobIsAnsweredWithTheCurrentJob() throws {
        var rig = try CryptoNoteRig()
        try rig.logIn()
        var (link, _) = try CryptoNoteLink.ready()
        let (_, text) = try rig.receive(#"{"id":7,"method":"getjob","params":{"id":"s"}}"#)
        #expect(text.contains("Unauthenticated"))
        let upstream = try link.job(Samples.job("j2"))
        let reply = try Samples.object(rig.deliver(try rig.issue(upstream), upstream))
        let (step, answer) = try rig.receive(#"{"id":7,"method":"getjob","params":{"id":"s"}}"#)
        #expect(step == nil)
        #expect(try Samples.object(answer)["result"] == reply["result"]?.object?["job"])
    }

    @Test func noPrefixLeavesThePoolsByte() throws {
        let taken = Samples.blob.replacing("cc0000000026", with: "cc0000000726")
        let (_, upstream) = try CryptoNoteLink.ready(Samples.job(blob: taken))
        var rig = try CryptoNoteRig(prefix: [])
        try rig.logIn()
        let work = try rig.issue(upstream)
        #expect(rig.deliver(work, upstream).contains(taken))
        #expect(rig.dialogue.prefixes(layout: NonceLayout(total: 0)) == .single)
        #expect(rig.dialogue.prefixes(layout: NonceLayout(total: 1)) == PrefixRange(count: 1, values: 1...255))
        for (nonce, isGood) in [("11111107", true), ("11111108", false)] {
            let submission = try rig.submission(Samples.submit(nonce: nonce))
            if case .judged = rig.judge(submission, work, upstream) {
                #expect(isGood, "\(nonce)")
            } else {
                #expect(!isGood, "\(nonce)")
            }
        }
        // The byte cannot be divided once more.
        let request = IssueRequest(
            jobID: "1", layout: NonceLayout(total: 1), issuedBefore: 0, age: 0, lastNtime: 0
        )
        #expect(rig.dialect.issue(upstream, request) == nil)
    }

    // MARK: Shares

    @Test func submitBecomesAShare() throws {
        var rig = try CryptoNoteRig()
        try rig.logIn()
        let text = Samples.submit(
            more: #","algo":"rx/0","sig":"abCD","commitment":"ef","n":5,"q":"a\"b","worker":{"id":"x"}"#)
        let submission = try rig.submission(text)
        #expect(submission.jobID == line("1f"))
        #expect(submission.found.nonce == 0x9556_5503)
        #expect(submission.user == nil && submission.found.ntime == 0 && submission.found.extranonce2 == .empty)
        let proof = try #require(submission.found.proof)
        #expect(proof == ByteBuffer(bytes: bytes(Samples.result) + Array(#","sig":"abCD","commitment":"ef""#.utf8)))
    }

    @Test(arguments: [
        (Samples.submit(session: "other"), "Unauthenticated"),
        (Samples.submit(nonce: "9556550"), "Invalid nonce"), (Samples.submit(nonce: "955655033"), "Invalid nonce"),
        (Samples.submit(nonce: "9556550g"), "Invalid nonce"), (Samples.submit(nonce: "0x565503"), "Invalid nonce"),
        (Samples.submit(result: "00"), "Malformed share"),
        (Samples.submit(result: String(repeating: "g", count: 64)), "Malformed share"),
        (Samples.submit(more: #","sig":"\#(String(repeating: "a", count: 1100))""#), "Malformed share"),
        (#"{"id":2,"method":"submit","params":{"id":"s"}}"#, "Malformed share"),
        (#"{"id":2,"method":"submit","params":["s"]}"#, "Unauthenticated"),
    ])
    func impossibleSubmitIsRefused(text: String, refusal: String) throws {
        var rig = try CryptoNoteRig()
        try rig.logIn()
        guard case .malformedSubmit(.integer(2), let rejection) = try rig.receive(text).step else {
            Issue.record("taken: \(text)")
            return
        }
        let answer = written { rig.dialogue.answer(.refused(rejection), to: .integer(2), into: &$0) }
        #expect(answer == #"{"id":2,"jsonrpc":"2.0","error":{"code":-1,"message":"\#(refusal)"}}"# + "\n")
    }

    @Test func foreignNonceIsRefused() throws {
        var rig = try CryptoNoteRig(prefix: [4])
        try rig.logIn()
        let (_, upstream) = try CryptoNoteLink.ready()
        let submission = try rig.submission(Samples.submit())
        guard case .malformed(let rejection) = rig.judge(submission, try rig.issue(upstream), upstream) else {
            Issue.record("judged")
            return
        }
        #expect(rejection.message == "Invalid nonce; is miner not compatible with NiceHash?")
        #expect(rejection.kind == .malformed)
    }

    @Test func oneNonceIsOneShareWhateverItsResult() throws {
        var rig = try CryptoNoteRig()
        try rig.logIn()
        let (_, upstream) = try CryptoNoteLink.ready()
        let work = try rig.issue(upstream)
        var keys: Set<ShareKey> = []
        for (nonce, result) in [("95565503", Samples.result), ("95565503", Samples.seed), ("95565603", Samples.result)]
        {
            let submission = try rig.submission(Samples.submit(nonce: nonce, result: result))
            guard case .judged(let judged) = rig.judge(submission, work, upstream) else {
                Issue.record("not judged")
                return
            }
            keys.insert(judged.key)
        }
        #expect(keys.count == 2)
    }

    /// Session and pool each have a target of their own.
    @Test func harderPoolTargetIsJudgedByItself() throws {
        var rig = try CryptoNoteRig()
        try rig.logIn()
        let (_, upstream) = try CryptoNoteLink.ready(Samples.job(target: "11110800"))
        let submission = try rig.submission(Samples.submit())
        guard case .judged(let judged) = rig.judge(submission, try rig.issue(upstream), upstream) else {
            Issue.record("not judged")
            return
        }
        #expect(judged.shareDifficulty == 7499)
        #expect(judged.meetsDifficulty && !judged.meetsPoolTarget)
    }

    // MARK: Answers

    @Test(arguments: [
        (Rejection(code: 21, message: "Job not found"), "Block expired"),
        (Rejection(code: -1, message: "Invalid job id", kind: .stale), "Block expired"),
        (Rejection(code: -1, message: "INVALID JOB ID 5", kind: .stale), "Block expired"),
        (Rejection(code: -1, message: "Block outdated", kind: .stale), "Block outdated"),
        (Rejection(code: 22, message: "Duplicate"), "Duplicate share"),
        (Rejection(code: 23, message: "Above target"), "Low difficulty share"),
        (Rejection(code: -1, message: "Unauthenticated", kind: .unauthorized), "Permission denied"),
        (Rejection(code: -1, message: "Your IP is banned", kind: .unauthorized), "Permission denied"),
        (Rejection(code: -1, message: "IP Address currently banned", kind: .other), "Malformed share"),
        (Rejection(code: 20, message: "Pool connection lost"), "Pool connection lost"),
        (Rejection(code: -1, message: "", kind: .other), "Malformed share"),
        (Rejection(code: -1, message: "Invalid nonce", kind: .malformed), "Invalid nonce"),
        (Rejection(code: 25, message: "Not subscribed"), "Unauthenticated"),
    ])
    func refusalsDoNotDriveMinersAway(rejection: Rejection, text: String) throws {
        let rig = try CryptoNoteRig()
        let answer = written { rig.dialogue.answer(.refused(rejection), to: .integer(9), into: &$0) }
        #expect(answer == #"{"id":9,"jsonrpc":"2.0","error":{"code":-1,"message":"\#(text)"}}"# + "\n")
    }

    @Test func acceptedShareIsOK() throws {
        let rig = try CryptoNoteRig()
        let answer = written { rig.dialogue.answer(.accepted, to: .integer(9), into: &$0) }
        #expect(answer == #"{"id":9,"jsonrpc":"2.0","error":null,"result":{"status":"OK"}}"# + "\n")
    }

    // MARK: The dialect

    @Test func loginsOfThisDialectAreRecognised() {
        #expect(CryptoNoteDialect.recognizes(line(Samples.login())))
        #expect(!CryptoNoteDialect.recognizes(line(#"{"id":1,"method":"mining.subscribe","params":[]}"#)))
        #expect(!CryptoNoteDialect.recognizes(line(#"{"id":1,"method":"login","params":["a"]}"#)))
        #expect(!CryptoNoteDialect.recognizes(line("login")))
        #expect(
            String(buffer: CryptoNoteDialect.refusal(of: line(Samples.login()), "wrong port"))
                == #"{"id":1,"jsonrpc":"2.0","error":{"code":-1,"message":"wrong port"}}"# + "\n"
        )
    }

    @Test(arguments: ["", "rx/0,", "rx 0", "kawpow", String(repeating: "a", count: 33)])
    func impossibleAlgorithmsAreRefused(text: String) {
        #expect(throws: DialectOptionError.self) { try CryptoNoteDialect(DialectOptions(["algo": text])) }
    }
}

import NIOCore
import Stratum
import Testing

/// The shares of equihash.json: from a pool to a miner, from the miner to a judgement, and back to the pool.
@Suite struct EquihashDialogueVectorTests {
    private struct Vector {
        let name: String
        let options: [String: String]
        let nonce1: String
        let target: String
        let notify: [JSONValue]
        let submit: [JSONValue]
        let expected: JSONObject

        init(_ object: JSONObject) throws {
            self.name = try #require(object["name"]?.string)
            self.options = [
                "parameters": "\(try #require(object["n"]?.integer)),\(try #require(object["k"]?.integer))",
                "personalization": try #require(object["personalization"]?.string),
            ]
            self.nonce1 = try #require(object["nonce_1"]?.string)
            self.target = try #require(object["set_target"]?.string)
            self.notify = try #require(object["notify_params"]?.array)
            self.submit = try #require(object["submit_params"]?.array)
            self.expected = try #require(object["expect"]?.object)
        }

        func expects(_ name: String) -> Bool { self.expected[name] == .bool(true) }
        var nonce2: String { self.submit.value(at: 3).string ?? "" }
    }

    private static func vectors() throws -> [Vector] {
        let text = try resource("equihash.json", in: "Vectors")
        let vectors = try #require(try JSONValue(parsing: line(text)).object?["vectors"]?.array)
        #expect(vectors.count == 6)
        return try vectors.map { try Vector(try #require($0.object)) }
    }

    /// A session that has the job, what the miner submits for it, and all that it is judged by.
    private struct Trial {
        var link: EquihashLink
        var session: EquihashSession
        let job: UpstreamJob
        let work: any IssuedWork
        let submission: Submission

        init(_ vector: Vector, validate: String = "all") throws {
            let options = vector.options.merging(["validate": validate]) { $1 }
            var link = try EquihashLink(options)
            link.open(nonce1: vector.nonce1)
            let job = try link.job(target: vector.target, vector.notify)
            let work = try link.issue(job, jobID: "a1")
            var session = EquihashSession(link.dialect, base: job.base, prefix: bytes(String(vector.nonce2.prefix(4))))
            let told = try session.subscribe()
            #expect(told == vector.nonce1 + vector.nonce2.prefix(4), "\(vector.name)")

            let lines = session.deliver(work, job).map { text in Result { try object(text) } }
            #expect(lines.count == 2)
            let target = try #require(try lines.first?.get())
            let notify = try #require(try lines.last?.get())
            #expect(target["params"] == .array([.string(vector.target)]), "\(vector.name)")
            #expect(notify["params"] == .array([.string("a1")] + vector.notify.dropFirst()), "\(vector.name)")

            let submit = vector.submit
            self.submission = try session.submission([
                submit.value(at: 0), .string("a1"), submit.value(at: 2), .string(String(vector.nonce2.dropFirst(4))),
                submit.value(at: 4),
            ])
            self.link = link
            self.session = session
            self.job = job
            self.work = work
        }

        mutating func judge(_ job: UpstreamJob? = nil) -> Judgement {
            self.session.judge(self.submission, self.work, job ?? self.job)
        }
    }

    @Test func everyShareIsJudgedAsExpectedAndForwardedAsTheVectorHasIt() throws {
        for vector in try Self.vectors() {
            var trial = try Trial(vector)
            try Self.check(trial.judge(), vector)
            let forwarded = try trial.link.forward(trial.submission, trial.job, trial.work, trial.session.grant)
            #expect(forwarded == vector.submit, "\(vector.name)")
        }
    }

    private static func check(_ judgement: Judgement, _ vector: Vector) throws {
        let name = vector.name
        switch judgement {
        case .malformed(let rejection):
            #expect(!vector.expects("valid_solution"), "\(name)")
            #expect(rejection.code == 20 && rejection.kind == .malformed, "\(name)")
        case .judged(let judged):
            #expect(vector.expects("valid_solution"), "\(name)")
            let hash = try #require(vector.expected["block_id"]?.string.flatMap { Hash256(displayHex: $0) })
            #expect(judged.key == ShareKey(hash), "\(name)")
            #expect(judged.meetsDifficulty == vector.expects("meets_share_target"), "\(name)")
            #expect(judged.meetsPoolTarget == vector.expects("meets_share_target"), "\(name)")
            #expect(judged.meetsNetworkTarget == vector.expects("meets_network_target"), "\(name)")
            #expect(judged.meetsDifficulty == vector.expects("accepted"), "\(name)")
            #expect(judged.shareDifficulty == EquihashDifficulty.difficulty(of: hash), "\(name)")
        case .slow:
            Issue.record("\(name)")
        }
    }

    @Test func withoutVerificationTheTargetStillDecides() throws {
        for vector in try Self.vectors() {
            var trial = try Trial(vector, validate: "off")
            guard case .judged(let judged) = trial.judge() else {
                Issue.record("\(vector.name)")
                continue
            }
            #expect(judged.meetsDifficulty == vector.expects("meets_share_target"), "\(vector.name)")
        }
    }

    @Test func oneInSixteenIsVerified() throws {
        let vector = try #require(try Self.vectors().first { !$0.expects("valid_solution") })
        var trial = try Trial(vector, validate: "sample")
        let refused = (0..<64).filter { _ in
            if case .malformed = trial.judge() { true } else { false }
        }
        #expect(refused == [0, 16, 32, 48])
    }

    /// What a miner finds that has not taken up a new NONCE_1: only verification tells.
    @Test func aSolutionForAnotherNonce1IsInvalid() throws {
        for vector in try Self.vectors() where vector.expects("valid_solution") {
            var trial = try Trial(vector)
            var job = trial.job
            job.base = job.base.map { $0 ^ 1 }
            guard case .malformed(let rejection) = trial.judge(job) else {
                Issue.record("\(vector.name)")
                continue
            }
            #expect(rejection.code == 20, "\(vector.name)")
        }
    }

    @Test func whatIsAskedOfAShareIsTheTargetThatWasSent() throws {
        let vector = try #require(try Self.vectors().first)
        var trial = try Trial(vector)
        let hash = try #require(vector.expected["block_id"]?.string.flatMap { Hash256(displayHex: $0) })
        // The difficulty of the share itself rounds to a target on either side of its hash; what is sent decides.
        for difficulty in [trial.job.difficulty, EquihashDifficulty.difficulty(of: hash), 0.5, 1.5, 2] {
            let lines = trial.session.deliver(trial.work, trial.job, difficulty: difficulty, isNew: true)
            let sent = try #require(try lines.compactMap { try object($0)["params"]?.array?.first?.string }.first)
            guard sent.utf8.count == 64, let target = Hash256(displayHex: sent) else { continue }
            guard
                case .judged(let judged) = trial.session.judge(
                    trial.submission, trial.work, trial.job, difficulty: difficulty)
            else {
                Issue.record("\(difficulty)")
                continue
            }
            #expect(judged.meetsDifficulty == (hash <= target), "\(difficulty)")
        }
    }
}

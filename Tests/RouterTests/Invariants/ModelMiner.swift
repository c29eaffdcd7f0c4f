import NIOCore
import NIOEmbedded
import PoolPool
import Stratum

/// A miner that does as firmwares do: begins its search anew with every job, knows only what it was sent, and builds its
/// headers from that alone.
final class ModelMiner {
    /// What a submit ought to be answered.
    enum Expectation: String {
        /// A share for the newest job: good, unless the pool says otherwise or is gone.
        case good
        case duplicate
        case lowDifficulty
        /// A share for an older job: good or stale, as the case may be.
        case late
        case malformed
        case unknownJob
    }

    fileprivate struct MinerJob {
        var id: String
        var work: NotifiedWork
        var mask: UInt32
        var difficulty: Double
        var nextNonce: UInt32 = 0
    }

    /// A submit that waits for its reply.
    struct Question {
        var id: Int
        var expectation: Expectation
        var asked: NIODeadline
        var params: String
        /// The coinbase of the job, if the connection that brought it was open.
        var coinbase1: String?
    }

    /// What a miner keeps through a reconnect of its own.
    struct Memory {
        fileprivate var sessionID = ""
        fileprivate var extranonce1 = ""
        fileprivate var rollsVersions: Bool?
        fileprivate var jobs: [MinerJob] = []
    }

    let name: String
    let session: Int64
    let channel: EmbeddedChannel
    private let record: WorldRecord
    /// Whether the pool connection that a coinbase came by is open, and takes extranonces of so many bytes.
    private let isLive: (String, Int) -> Bool
    private let rollsVersions: Bool
    /// cpuminer gives every submit the same id.
    private let usesOneID: Bool
    private var reader = LineReader()
    private var nextID = 10
    private var memory: Memory
    private var mask: UInt32 = 0
    private var difficulty = 0.0
    private var jobs: [MinerJob] = []
    private var submitted: [String] = []
    private(set) var extranonce1 = ""
    private(set) var extranonce2Size = 0
    private var isSubscribed = false
    private var isAuthorized = false
    private(set) var questions: [Question] = []
    /// Since when it may expect work.
    private(set) var readySince: NIODeadline?
    /// The notify lines since they were last taken.
    private var notifies: [String] = []

    init(
        name: String,
        session: Int64,
        channel: EmbeddedChannel,
        record: WorldRecord,
        memory: Memory,
        random: inout RandomSource,
        isLive: @escaping (String, Int) -> Bool
    ) {
        self.name = name
        self.session = session
        self.channel = channel
        self.record = record
        self.memory = memory
        self.isLive = isLive
        self.rollsVersions = memory.rollsVersions ?? (Int.random(in: 0..<4, using: &random) > 0)
        self.usesOneID = Bool.random(using: &random)
    }

    var isOpen: Bool { self.channel.isActive }
    /// Bytes of both its extranonces.
    private var extranonceCount: Int { self.extranonce1.utf8.count / 2 + self.extranonce2Size }
    var isReady: Bool { self.readySince != nil }
    /// The first part of the coinbase of the job it works on; nil before the first.
    var currentCoinbase1: String? { self.jobs.last?.work.coinbase1 }

    func takeNotifies() -> [String] {
        defer { self.notifies = [] }
        return self.notifies
    }

    /// What a later connection of this miner begins with.
    func remember() -> Memory {
        Memory(
            sessionID: self.memory.sessionID,
            extranonce1: self.extranonce1,
            rollsVersions: self.rollsVersions,
            jobs: self.jobs
        )
    }

    // MARK: Saying

    /// The handshake in one segment or in pieces, in one of the orders that firmwares use.
    func shakeHands(random: inout RandomSource) {
        let subscribe = #"{"id":2,"method":"mining.subscribe","params":["model/1.0"\#(self.resumption)]}"#
        let authorize = #"{"id":3,"method":"mining.authorize","params":["\#(self.name)","x"]}"#
        var lines = Int.random(in: 0..<8, using: &random) == 0 ? [authorize, subscribe] : [subscribe, authorize]
        if Int.random(in: 0..<3, using: &random) == 0 {
            lines.insert(#"{"id":5,"method":"mining.extranonce.subscribe","params":[]}"#, at: 1)
        }
        if self.rollsVersions {
            lines.insert(
                #"{"id":1,"method":"mining.configure","params":[["version-rolling"],"#
                    + #"{"version-rolling.mask":"ffffffff","version-rolling.min-bit-count":2}]}"#,
                at: Int.random(in: 0...1, using: &random)
            )
        }
        if Bool.random(using: &random) {
            self.say(lines.joined(separator: "\n"))
        } else {
            for line in lines { self.say(line) }
        }
    }

    private var resumption: String { self.memory.sessionID.isEmpty ? "" : ",\"\(self.memory.sessionID)\"" }

    private func say(_ line: String) {
        guard self.channel.isActive else { return }
        _ = try? self.channel.writeInbound(ByteBuffer(string: line + "\n"))
    }

    func sayGarbage() { self.say(#"{"id":nonsense"#) }

    func submit(_ wish: Expectation, now: NIODeadline, random: inout RandomSource) {
        guard self.isReady else { return }
        let id = self.usesOneID ? 4 : self.nextID
        self.nextID += 1
        switch wish {
        case .malformed:
            let params = [#""\#(self.name)","1""#, #""\#(self.name)","1","zz","00000000","00000000""#]
            self.ask(id, .malformed, params[Int.random(in: 0...1, using: &random)], now: now)
        case .unknownJob:
            let extranonce2 = HexText.digits(0, count: self.extranonce2Size)
            self.ask(id, .unknownJob, #""\#(self.name)","fffffff","\#(extranonce2)","00000000","00000000""#, now: now)
        case .duplicate:
            guard let again = self.submitted.last else { return }
            self.ask(id, .duplicate, again, now: now)
        case .good, .lowDifficulty, .late:
            let isLate = wish == .late && self.jobs.count > 1
            guard !self.jobs.isEmpty else { return }
            let index = isLate ? Int.random(in: 0..<self.jobs.count - 1, using: &random) : self.jobs.count - 1
            let (params, difficulty) = self.search(index, random: &random)
            // Where one difficulty was just replaced by another, the lower one counts.
            let expectation: Expectation
            if isLate {
                expectation = .late
            } else if difficulty < self.jobs[index].difficulty {
                expectation = .lowDifficulty
            } else {
                expectation = .good
            }
            if expectation == .good { self.submitted.append(params) }
            self.ask(id, expectation, params, now: now)
        }
    }

    private func ask(_ id: Int, _ expectation: Expectation, _ params: String, now: NIODeadline) {
        let coinbase1 = self.currentCoinbase1.flatMap { self.isLive($0, self.extranonceCount) ? $0 : nil }
        self.questions.append(
            Question(id: id, expectation: expectation, asked: now, params: params, coinbase1: coinbase1)
        )
        self.say(#"{"id":\#(id),"method":"mining.submit","params":[\#(params)]}"#)
    }

    /// The next hash of a job: extranonce2 stays zero, the nonce counts from zero.
    private func search(_ index: Int, random: inout RandomSource) -> (params: String, difficulty: Double) {
        let job = self.jobs[index]
        self.jobs[index].nextNonce += 1
        let extranonce2 = HexText.digits(0, count: self.extranonce2Size)
        var version = job.work.version
        var bits: UInt32 = 0
        if self.rollsVersions {
            bits = Bool.random(using: &random) ? UInt32(truncatingIfNeeded: random.next()) & job.mask : 0
            version = version & ~job.mask | bits
        }
        let header = job.work.header(
            extranonce: self.extranonce1 + extranonce2,
            version: version,
            ntime: job.work.ntime,
            nonce: job.nextNonce
        )
        self.record.minedHeaders.insert(header)
        var params =
            #""\#(self.name)","\#(job.id)","\#(extranonce2)","\#(HexText.digits(job.work.ntime))","#
            + "\"\(HexText.digits(job.nextNonce))\""
        if self.rollsVersions { params += ",\"\(HexText.digits(bits))\"" }
        return (params, NotifiedWork.difficulty(of: header))
    }

    // MARK: Hearing

    func serve(now: NIODeadline) -> Bool {
        let lines = self.reader.lines(from: self.channel)
        for line in lines { self.received(line, now: now) }
        return !lines.isEmpty
    }

    private func received(_ text: String, now: NIODeadline) {
        guard let line = ModelLine(text) else { return self.violation("cannot read \(text)") }
        switch line.method {
        case "mining.notify": self.receivedJob(line)
        case "mining.set_difficulty": self.difficulty = line.params.first?.number ?? 0
        case "mining.set_version_mask": self.mask = line.number(0)
        case "mining.set_extranonce":
            self.extranonce1 = line.string(0)
            self.extranonce2Size = line.params.count > 1 ? line.params[1].integer ?? 0 : 0
            self.jobs = []
        case "client.reconnect": break
        case nil: self.receivedReply(line, now: now)
        default: self.violation("unexpected \(text)")
        }
    }

    private func receivedJob(_ line: ModelLine) {
        if !self.isReady { self.violation("a job before the handshake is over") }
        if self.jobs.contains(where: { $0.id == line.string(0) }) { self.violation("job id \(line.string(0)) twice") }
        if self.jobs.isEmpty, line.params.last != .bool(true) { self.violation("the first job is not clean") }
        self.notifies.append(line.text)
        self.jobs = self.jobs.suffix(7)
        self.jobs.append(
            MinerJob(id: line.string(0), work: line.work, mask: self.mask, difficulty: self.difficulty)
        )
    }

    private func receivedReply(_ line: ModelLine, now: NIODeadline) {
        switch line.id.integer {
        case 1:
            self.mask = line.result.object?["version-rolling.mask"]?.string.flatMap { UInt32($0, radix: 16) } ?? 0
        case 2: self.receivedSubscription(line, now: now)
        case 3:
            if line.result != .bool(true) { self.violation("not authorised: \(line.text)") }
            self.isAuthorized = true
            self.noteReadiness(now: now)
        case 5: break
        case .some(let id):
            guard let index = self.questions.firstIndex(where: { $0.id == id }) else {
                return self.violation("an answer to nothing: \(line.text)")
            }
            self.check(line, to: self.questions.remove(at: index), now: now)
        case nil: self.violation("a reply without an id: \(line.text)")
        }
    }

    private func receivedSubscription(_ line: ModelLine, now: NIODeadline) {
        let result = line.result.array ?? []
        guard result.count == 3, let extranonce1 = result[1].string, let size = result[2].integer else {
            return self.violation("a strange subscription: \(line.text)")
        }
        self.memory.sessionID = result[0].array?.first?.array?.last?.string ?? ""
        self.extranonce1 = extranonce1
        self.extranonce2Size = size
        self.isSubscribed = true
        self.noteReadiness(now: now)
        // cgminer goes on with what it had if its extranonce1 is the same.
        if extranonce1 == self.memory.extranonce1 { self.jobs = self.memory.jobs }
    }

    private func noteReadiness(now: NIODeadline) {
        if self.isSubscribed, self.isAuthorized, self.readySince == nil { self.readySince = now }
    }

    private func check(_ line: ModelLine, to question: Question, now: NIODeadline) {
        let code = line.error.array?.first?.integer
        let isTrue = line.result == .bool(true) && line.error == .null
        guard isTrue || code != nil else { return self.violation("neither yes nor no: \(line.text)") }
        // 21: the job or its pool is gone; 28: the pool's own whim; 33: the pool took version bits away.
        let mayBeGone =
            code == 21
            && (now > question.asked || question.coinbase1.map { self.isLive($0, self.extranonceCount) } != true)
        let isAllowed =
            switch question.expectation {
            case .good: isTrue || mayBeGone || code == 28 || code == 33
            case .late: isTrue || code == 21 || code == 28 || code == 33 || code == 23
            case .duplicate: code == 22 || code == 21 || code == 33
            // Right behind a change the old difficulty still counts.
            case .lowDifficulty: isTrue || code == 23 || code == 21 || code == 28
            case .malformed: code == 20
            case .unknownJob: code == 21
            }
        if !isAllowed { self.violation("\(question.expectation) \(question.params) was answered \(line.text)") }
    }

    private func violation(_ text: String) {
        self.record.violations.append("miner \(self.name), session \(self.session): \(text)")
    }
}

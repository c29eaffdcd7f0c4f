import NIOCore
import NIOEmbedded
import PoolPool

/// What all model peers of a world share.
final class WorldRecord {
    /// Headers that miners have hashed.
    var minedHeaders: Set<[UInt8]> = []
    var violations: [String] = []
    /// Blocks of the one chain that all pools work on.
    var height: UInt64 = 1
}

/// A small honest pool: each connection has an extranonce1 of its own, and each share is judged by the header that the pool
/// itself builds. It knows what no correct router sends: such a share is a violation.
final class ModelPool {
    enum Reach {
        case up
        /// Accepts no connection.
        case refusing
        /// Accepts connections and bytes, says nothing.
        case frozen
    }

    enum Configuring: CaseIterable {
        case granted
        case refused
        case closes
        case silent
    }

    /// One job, as all connections get it.
    struct Template {
        var id: String
        var work: NotifiedWork
    }

    let name: String
    let index: Int
    let record: WorldRecord
    let configuring: Configuring
    /// Sends its first job behind the subscribe reply, as DATUM does.
    let jobBeforeAuthorize: Bool
    /// Gives a returning client its extranonce1 again, as ckpool does.
    let resumes: Bool
    let extranonce1Count: Int
    /// Its jobs have bits set that miners may roll. Then the version bits of a share can be read in several ways, of which
    /// the first that makes a share is meant: only with difficulties that every hash meets do all peers agree on it.
    private let setsVersionBits: Bool
    private(set) var extranonce2Size: Int
    private(set) var mask: UInt32
    private(set) var difficulty: Double
    private(set) var reach = Reach.up
    var refusesUsers = false
    /// Refuses one of so many shares; nil: none.
    var rejectsOneOf: Int?
    /// Hears of no block.
    var keepsOldBlock = false
    private(set) var answersLate = false
    private(set) var connections: [ModelPoolConnection] = []
    private(set) var template: Template
    private var jobCount: UInt64 = 0
    private var extranonceCount: UInt64 = 0
    private var height: UInt64 = 1
    private var payee: UInt64 = 0
    private var submissions: Set<[UInt8]> = []
    private var sessions: [String: String] = [:]
    /// Since when nothing has kept a router from mining here; nil while something does.
    private(set) var goodSince: NIODeadline?
    private(set) var answered = 0
    private var judged = 0
    private(set) var lastJob: NIODeadline
    /// Sends a job at least this often by itself; nil: only when told, and falls silent in between.
    private let rhythm: TimeAmount?
    private let now: () -> NIODeadline
    private let unixTime: () -> UInt32

    private static let sizes = [3, 4, 4, 5, 6, 6, 7, 8, 8, 12]
    private static let masks: [UInt32] = [0x1fff_e000, 0x1fff_e000, 0x00c0_0000, 0x1800_0000, 0x0000_2000]
    /// The easiest hash there is proves 2.3e-10: every hash meets the first two, about every second one each further step.
    private static let difficulties = [1e-10, 2e-10, 4e-10, 8e-10]

    init(
        index: Int,
        record: WorldRecord,
        random: inout RandomSource,
        now: @escaping () -> NIODeadline,
        unixTime: @escaping () -> UInt32
    ) {
        self.index = index
        self.name = "pool-\(index)"
        self.record = record
        self.configuring =
            Int.random(in: 0..<4, using: &random) > 0
            ? .granted : Configuring.allCases[Int.random(in: 0..<4, using: &random)]
        self.jobBeforeAuthorize = Bool.random(using: &random)
        self.resumes = Bool.random(using: &random)
        self.extranonce1Count = Int.random(in: 2...5, using: &random)
        self.extranonce2Size = Self.sizes[Int.random(in: 0..<Self.sizes.count, using: &random)]
        self.mask = Self.masks[Int.random(in: 0..<Self.masks.count, using: &random)]
        self.setsVersionBits = Bool.random(using: &random)
        self.difficulty = 1e-10
        self.rhythm = Int.random(in: 0..<4, using: &random) > 0 ? .seconds(20) : nil
        self.now = now
        self.lastJob = now()
        self.unixTime = unixTime
        self.template = Template(
            id: "0",
            work: NotifiedWork(
                previousHash: "", coinbase1: "", coinbase2: "", branches: [], version: 0, nbits: 0, ntime: 0
            )
        )
        self.goodSince = now()
        self.makeJob(clean: true, random: &random)
    }

    var summary: String {
        "\(self.name): extranonce \(self.extranonce1Count) + \(self.extranonce2Size), mask \(HexText.digits(self.mask)), "
            + "configure \(self.configuring), resumes \(self.resumes), job first \(self.jobBeforeAuthorize)"
    }

    // MARK: Connections

    func accept(_ channel: EmbeddedChannel, lingering: LingeringClose?) {
        self.connections.append(ModelPoolConnection(channel: channel, lingering: lingering, pool: self))
    }

    /// Answers what routers have written. True if there was anything.
    func serve() -> Bool {
        var didServe = false
        for connection in self.connections where connection.serve() { didServe = true }
        self.connections.removeAll { !$0.isOpen }
        return didServe
    }

    /// A fresh extranonce1, or that of the session to resume.
    func subscribe(resuming id: String) -> (session: String, extranonce1: String) {
        if self.resumes, let extranonce1 = self.sessions[id] { return (id, extranonce1) }
        let extranonce1 = self.freshExtranonce1()
        let session = "s\(self.index)-\(self.extranonceCount)"
        self.sessions[session] = extranonce1
        return (session, extranonce1)
    }

    private func freshExtranonce1() -> String {
        self.extranonceCount += 1
        return HexText.digits(self.extranonceCount, count: self.extranonce1Count)
    }

    // MARK: Events

    func sendJob(clean: Bool, random: inout RandomSource) {
        self.makeJob(clean: clean, random: &random)
        self.broadcast(clean: clean)
    }

    /// Time has passed.
    func tick(random: inout RandomSource) {
        guard let rhythm = self.rhythm, self.now() - self.lastJob >= rhythm else { return }
        self.sendJob(clean: Int.random(in: 0..<3, using: &random) == 0, random: &random)
    }

    private func makeJob(clean: Bool, random: inout RandomSource) {
        self.jobCount += 1
        // After a silence the router may just be looking for another pool.
        if self.now() - self.lastJob >= .seconds(30), self.goodSince != nil { self.goodSince = self.now() }
        self.lastJob = self.now()
        if clean, !self.keepsOldBlock {
            // It found a block, or heard of that of another.
            if Bool.random(using: &random) { self.record.height += 1 }
            self.height = self.record.height
        }
        let branches = (0..<Int.random(in: 0...1, using: &random)).map { _ in
            HexText.digits(random.next(), count: 32)
        }
        self.template = Template(
            id: "\(self.index)x\(String(self.jobCount, radix: 16))",
            work: NotifiedWork(
                // Small, as the hash of a block is.
                previousHash: HexText.digits(self.height, count: 8) + String(repeating: "0", count: 48),
                coinbase1: HexText.digits(UInt64(self.index), count: 1) + HexText.digits(self.jobCount, count: 4),
                coinbase2: "ffff" + HexText.digits(self.payee, count: 1),
                branches: branches,
                version: self.setsVersionBits ? 0x2080_2000 : 0x2000_0000,
                nbits: 0x1d00_ffff,
                ntime: self.unixTime()
            )
        )
    }

    private func broadcast(clean: Bool) {
        guard self.reach == .up else { return }
        for connection in self.connections where connection.getsJobs { connection.sendJob(clean: clean) }
    }

    func payElsewhere(random: inout RandomSource) {
        self.payee += 1
        self.sendJob(clean: true, random: &random)
    }

    func changeDifficulty(random: inout RandomSource) {
        let choices = Self.difficulties.prefix(self.setsVersionBits ? 2 : 4)
        self.difficulty = choices.randomElement(using: &random) ?? self.difficulty
        self.sendJob(clean: false, random: &random)
    }

    /// Masks count at once, also for jobs sent before.
    func changeMask(random: inout RandomSource) {
        self.mask = Self.masks[Int.random(in: 0..<Self.masks.count, using: &random)]
        guard self.reach == .up else { return }
        for connection in self.connections { connection.changeMask(self.mask) }
    }

    /// Each connection gets another extranonce1, and perhaps another size; then a job.
    func changeExtranonce(random: inout RandomSource) {
        if Int.random(in: 0..<3, using: &random) == 0 {
            self.extranonce2Size = Self.sizes[Int.random(in: 0..<Self.sizes.count, using: &random)]
            if self.goodSince != nil { self.goodSince = self.now() }
        }
        guard self.reach == .up else { return }
        for connection in self.connections {
            if connection.isAuthorized {
                connection.changeExtranonce(self.freshExtranonce1(), size: self.extranonce2Size)
            } else {
                connection.die(reset: false)
            }
        }
        self.sendJob(clean: Bool.random(using: &random), random: &random)
    }

    func askForReconnect(host: String?) {
        guard self.reach == .up else { return }
        for connection in self.connections where connection.getsJobs { connection.askForReconnect(host: host) }
    }

    func die(reset: Bool, refusing: Bool) {
        if refusing { self.change(.refusing) } else if self.goodSince != nil { self.goodSince = self.now() }
        for connection in self.connections { connection.die(reset: reset) }
        self.connections = []
    }

    func change(_ reach: Reach) {
        self.reach = reach
        self.noteGoodness()
        guard reach == .up else { return }
        for connection in self.connections { connection.thaw() }
    }

    func refuseUsers(_ refuses: Bool) {
        self.refusesUsers = refuses
        self.noteGoodness()
    }

    /// Holds verdicts back from now on, or sends those that were.
    func answerLate(_ answersLate: Bool) {
        self.answersLate = answersLate
        self.noteGoodness()
        guard !answersLate, self.reach == .up else { return }
        for connection in self.connections { connection.answerHeld() }
    }

    private func noteGoodness() {
        self.goodSince = self.reach == .up && !self.refusesUsers && !self.answersLate ? self.now() : nil
    }

    // MARK: Judgement

    func violation(_ text: String) {
        self.record.violations.append("\(self.name): \(text)")
    }

    /// True if this very work was submitted before.
    func isDuplicate(_ header: [UInt8]) -> Bool { !self.submissions.insert(header).inserted }

    func noteAnswer() { self.answered += 1 }

    /// Whether the next share is refused whatever it is.
    func refuses() -> Bool {
        self.judged += 1
        return self.rejectsOneOf.map { self.judged.isMultiple(of: $0) } ?? false
    }
}

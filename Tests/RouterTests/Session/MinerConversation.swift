import NIOCore
import Router
import Stratum
import Testing

@testable import PoolPool

/// A miner's side of a conversation with ``SessionStateMachine``. Each step returns the lines the miner hears.
///
/// Time starts at one hour and 1 700 000 000 s since 1970.
struct MinerConversation {
    private(set) var machine: SessionStateMachine
    private(set) var now = NIODeadline.uptimeNanoseconds(3_600_000_000_000)
    /// What the owner of the machine was asked to do by the last message.
    private(set) var lastStep: SessionStateMachine.Step?
    /// Shares that went to a pool, oldest first.
    private(set) var forwarded: [SessionStateMachine.JudgedShare] = []
    /// What the route's shards know of the links of jobs.
    var standing = JobStanding.live
    var commonMask: UInt32 = 0x1fff_e000
    private var nonce = NonceGrant(space: 0, prefix: [0x0a, 0x01], layout: .bitcoinAssumed)

    init(_ change: (inout RouteConfiguration) -> Void = { _ in }) {
        var configuration = RouteConfiguration(name: "btc", listeners: [], pools: [])
        configuration.vardiff.minimum = 1e-12
        change(&configuration)
        self.machine = SessionStateMachine(settings: SessionSettings(configuration), now: self.now)
    }

    /// Seconds since 1970.
    var unixTime: UInt32 {
        UInt32(1_700_000_000 + (self.now - .uptimeNanoseconds(3_600_000_000_000)).nanoseconds / 1_000_000_000)
    }

    /// The miner sends these lines in one segment.
    mutating func says(_ lines: String...) throws -> [String] {
        var output = ByteBuffer()
        for line in lines {
            let surroundings = SessionSurroundings(
                now: self.now,
                time: Int64(self.unixTime) * 1000,
                commonMask: self.commonMask
            )
            let standing = self.standing
            let step = try self.machine.received(
                ByteBuffer(string: line),
                in: surroundings,
                standing: { _ in standing },
                into: &output
            )
            self.lastStep = step
            switch step {
            case .subscribe(let request, _, _):
                self.machine.subscribed(self.nonce, request: request, sessionID: "t1", into: &output)
            case .judged(let share) where share.verdict == .pending:
                self.forwarded.append(share)
                self.machine.forwarded(Int64(self.forwarded.count), share, into: &output)
            case .unknown(let request, _):
                self.machine.refuseUnknown(request, into: &output)
            case .judgeElsewhere(let unjudged):
                let share = self.machine.judged(
                    unjudged, as: unjudged.judge(), in: surroundings, standing: { _ in standing }, into: &output
                )
                guard share.verdict == .pending else { break }
                self.forwarded.append(share)
                self.machine.forwarded(Int64(self.forwarded.count), share, into: &output)
            case .authorized, .login, .judged, .leave, nil: break
            }
        }
        return spokenLines(output)
    }

    /// The usual beginning: subscribed as `agent`, authorised as `acct.w1`.
    mutating func shakesHands(agent: String = "cgminer/4.11.1") throws {
        _ = try self.says(#"{"id":1,"method":"mining.subscribe","params":["\#(agent)"]}"#)
        _ = try self.says(#"{"id":2,"method":"mining.authorize","params":["acct.w1","x"]}"#)
    }

    /// The session is given a job; the job's own line comes last.
    mutating func gets(_ job: IssuedJob, isReissue: Bool = false) -> [String] {
        var output = ByteBuffer()
        let line = self.machine.deliver(
            job,
            isReissue: isReissue,
            commonMask: self.commonMask,
            now: self.now,
            into: &output
        )
        return spokenLines(output) + Self.words(line, of: job)
    }

    /// The job's line by its name; as it is if it is not one that the job has.
    private static func words(_ line: ByteBuffer?, of job: IssuedJob) -> [String] {
        guard let line else { return [] }
        let issue = job.issued as? BitcoinIssue
        switch line {
        case issue?.notifyLine(clean: true): return ["notify \(job.id) clean"]
        case issue?.notifyLine(clean: false): return ["notify \(job.id)"]
        default: return spokenLines(line)
        }
    }

    /// The pool's verdict on the n-th forwarded share, from 1.
    mutating func hears(_ verdict: ShareVerdict, on share: Int64) -> [String] {
        var output = ByteBuffer()
        self.machine.settled(share, verdict, into: &output)
        return spokenLines(output)
    }

    /// Submits a share for `job` that differs from others by its nonce. With the difficulties of these tests any nonce
    /// will do.
    mutating func submits(
        _ nonce: UInt32 = 1,
        for job: IssuedJob,
        id: String = "5",
        user: String = "acct.w1",
        extranonce2: String = "00000000",
        ntime: UInt32? = nil,
        bits: String? = nil
    ) throws -> [String] {
        var ntimeText = ByteBuffer()
        Hex.append(ntime ?? job.ntime, to: &ntimeText)
        var nonceText = ByteBuffer()
        Hex.append(nonce, to: &nonceText)
        let params =
            #""\#(user)","\#(job.id)","\#(extranonce2)","\#(String(buffer: ntimeText))","#
            + #""\#(String(buffer: nonceText))""#
        let rolled = bits.map { ",\"\($0)\"" } ?? ""
        return try self.says(#"{"id":\#(id),"method":"mining.submit","params":[\#(params)\#(rolled)]}"#)
    }

    mutating func waits(_ amount: TimeAmount) {
        self.now = self.now + amount
    }

    /// Comes back on a new connection and gives the id of its former session.
    mutating func resumes(_ former: MinerConversation) {
        self.machine.resume(former.machine)
        self.now = former.now
    }

    mutating func changesNonce(_ nonce: NonceGrant) -> [String] {
        var output = ByteBuffer()
        self.machine.changeNonce(nonce, keepsJobs: false, into: &output)
        return spokenLines(output)
    }
}

/// The lines in `buffer`.
func spokenLines(_ buffer: ByteBuffer) -> [String] {
    String(buffer: buffer).split(separator: "\n").map(String.init)
}

/// A pool's job with its surroundings; every hash meets `difficulty` unless it is made greater than 1e-10.
func upstreamJob(
    _ id: String = "p1",
    difficulty: Double = 1e-12,
    mask: UInt32 = 0x1fff_e000,
    expectsVersionBits: Bool = true,
    extranonce1: [UInt8] = [0x81, 0x00, 0xf3, 0xc2],
    extranonce2Size: Int = 8,
    previous: UInt8 = 1,
    coinbase: UInt8 = 1,
    nbits: UInt32 = 0x1700_ffff,
    ntime: UInt32 = 1_700_000_000,
    clean: Bool = true
) -> UpstreamJob {
    let job = Job(
        id: id,
        previousHash: [UInt8](repeating: previous, count: 32),
        coinbase1: [coinbase],
        coinbase2: [2],
        merkleBranches: [],
        version: 0x2000_0000,
        nbits: nbits,
        ntime: ntime,
        cleanJobs: clean
    )
    return upstreamJob(
        job,
        difficulty: difficulty,
        mask: mask,
        expectsVersionBits: expectsVersionBits,
        extranonce1: extranonce1,
        extranonce2Size: extranonce2Size
    )
}

/// `job` with surroundings.
func upstreamJob(
    _ job: Job,
    difficulty: Double = 1e-12,
    mask: UInt32 = 0x1fff_e000,
    expectsVersionBits: Bool = true,
    extranonce1: [UInt8] = [0x81, 0x00, 0xf3, 0xc2],
    extranonce2Size: Int = 8
) -> UpstreamJob {
    UpstreamJob(
        work: BitcoinWork(
            job: job,
            extranonce1: extranonce1,
            extranonce2Size: extranonce2Size,
            expectsVersionBits: expectsVersionBits
        ),
        difficulty: difficulty,
        room: extranonce2Size,
        versionMask: mask
    )
}

extension UpstreamJob {
    /// The pool's job as Stratum V1 has it.
    var bitcoin: BitcoinWork {
        get throws { try #require(self.work as? BitcoinWork) }
    }
}

extension IssuedJob {
    /// Its translation for miners of Stratum V1.
    var bitcoin: BitcoinIssue {
        get throws { try #require(self.issued as? BitcoinIssue) }
    }
}

/// A link's issuer with numbers for its jobs and a clock.
final class IssuingLink {
    private var issuer: JobIssuer
    private var number: UInt64
    var connection: ConnectionID
    var now = NIODeadline.uptimeNanoseconds(3_600_000_000_000)

    init(
        _ link: Int = 1, layout: NonceLayout = .bitcoinAssumed, dialect: any Dialect = BitcoinDialect()
    ) {
        self.issuer = JobIssuer(link: link, pool: Int32(link), layout: layout, dialect: dialect)
        self.number = UInt64(link) << 8
        self.connection = link
    }

    /// The pool sends a job; it gets the next number, or this one.
    func receives(_ job: UpstreamJob, number: UInt64? = nil) -> IssuedJob? {
        self.number += 1
        return self.issuer.receive(job, connection: self.connection, now: self.now, number: number ?? self.number)
    }

    /// Another issue of the newest one.
    func reissues() -> IssuedJob? {
        self.number += 1
        return self.issuer.issue(now: self.now, number: self.number)
    }

    func changesMask(_ mask: UInt32) {
        self.issuer.changeVersionMask(mask)
    }
}

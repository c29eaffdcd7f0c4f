/// The pool's side of one link: all that is particular to a protocol. What goes wrong is the link's business.
protocol PoolSide: AnyObject {
    /// Whether jobs have begun on this link.
    var takesJobs: Bool { get }

    /// The method that submits a share; all others are written down.
    static var submitMethod: String { get }

    /// Answers a request.
    func receive(_ method: String, _ message: WireMessage)
    /// Sends a job, with whatever belongs before it.
    func sendJob(_ job: any PoolJob, clean: Bool)
    /// Announces a share difficulty for the jobs to come, where that has a message of its own.
    func announceDifficulty(_ difficulty: Double)
    /// Gives the link another extranonce for the jobs to come; a protocol without one does nothing.
    func setExtranonce(_ extranonce1: [UInt8], size: Int)
    /// The line that asks the miner to call elsewhere; nil where there is none.
    func reconnectRequest(host: String?, port: Int?) -> String?
    /// The link has ended.
    func ended()
}

extension PoolSide {
    static var submitMethod: String { "mining.submit" }
}

/// One job of a simulated pool.
protocol PoolJob: AnyObject {
    /// Its place among the pool's jobs.
    var position: JobPosition { get }
    /// What was judged for it, to find duplicates.
    var judged: Set<[UInt8]> { get set }
}

extension PoolJob {
    var id: String { self.position.id }
    var epoch: Int { self.position.epoch }
}

/// The place of a job among those of its pool.
struct JobPosition {
    let id: String
    /// Blocks found before it.
    let height: Int
    /// Clean jobs up to and including it: a job of an older epoch is stale.
    let epoch: Int
    /// Seconds since 1970, strictly rising, so that two jobs never mean the same work.
    let time: UInt32
    /// Whom it pays: another number, another receiver.
    let payee: UInt8

    /// The hash of the block before, in the order it has in a header: the same for every pool of one chain, and as small
    /// as the hash of a block.
    func previousHash(chainSeed: UInt64) -> [UInt8] {
        let block = UInt64(truncatingIfNeeded: self.height)
        var generator = SeededGenerator(seed: chainSeed &+ block &* 0xd134_2543_de82_ef95)
        return generator.bytes(22) + [UInt8](repeating: 0, count: 10)
    }
}

/// A pool's decision about one share.
struct Judgement {
    var verdict: PoolVerdict
    /// Nil if the share was refused before it was hashed.
    var shareDifficulty: Double?

    static func refuse(_ code: Int, _ text: String, shareDifficulty: Double? = nil) -> Judgement {
        Judgement(verdict: .rejected(code: code, text: text), shareDifficulty: shareDifficulty)
    }
}

extension NTimeRule {
    /// Whether a share for `job` may carry that time.
    func allows(_ ntime: UInt32, of job: any PoolJob) -> Bool {
        let own = job.position.time
        return switch self {
        case .exact: ntime == own
        case .forward(let seconds): ntime >= own && ntime - own <= seconds
        }
    }
}

extension JobIDStyle {
    /// The id of the job with that number, counted from 0; `base` differs from pool to pool.
    func id(number: Int, base: UInt32) -> String {
        switch self {
        case .counter: HexText.text(base) + HexText.text(UInt32(truncatingIfNeeded: number))
        case .cycling: "\(number % 10)"
        case .prefixed: "0x\(HexText.text(base))_\(number)"
        }
    }
}

public import NIOCore

/// One family of coins: how its miners and its pools speak, how a pool's nonce space is divided among miners, and what a
/// share is worth.
///
/// The router knows jobs, shares, difficulty and nonce space; all that is particular to a protocol is behind this one. A
/// dialect has a pool's half (``PoolDialogue``), a miner's half (``MinerDialogue``) and the translation between them
/// (``issue(_:_:)``). All of it is values: bytes and time go in, bytes and facts come out.
public protocol Dialect: Sendable {
    /// What `protocol:` in the configuration and the ledger call it: lower-case letters, digits and `-`.
    static var name: String { get }
    /// The coins it serves, in a few words for the documentation.
    static var summary: String { get }
    /// What its hashrates count in a second: `H/s`, or another word where that is not hashes.
    static var hashrateUnit: String { get }
    /// Settings of its own, for a route and for each of its pools.
    static var options: [DialectOption] { get }
    /// What of the configuration has an effect in it. For warnings only; all, unless it says otherwise.
    static var features: Set<DialectFeature> { get }
    /// What of these options works and is probably not meant, with the option's name. For warnings only.
    /// - Parameter hasVardiff: miners of the route have difficulties of their own.
    static func doubts(_ options: DialectOptions, hasVardiff: Bool) -> [DialectOptionError]

    /// - Parameter options: those of the route; what is not set has its default.
    init(_ options: DialectOptions) throws(DialectOptionError)

    /// From the slowest to the fastest of the usual machines, in hashes per second: for simulations that are told nothing.
    static var usualHashrates: ClosedRange<Double> { get }
    /// Bytes that a pool's line with a new job has at least. While many shares are on the way, a pool's lines that are shorter,
    /// as verdicts, may wait up to 25 ms until there are so many bytes to read; a job must not.
    static var shortestJob: Int { get }
    /// Expected hashes that a share of difficulty 1 stands for.
    var hashesPerDifficulty: Double { get }
    /// A new session of which nothing is known begins with its pool's difficulty, and with no more than this.
    var initialDifficulty: Double { get }
    /// False: what a share is worth shows only at the pool, so that sessions mine at their pool's difficulty and every
    /// share goes there.
    var knowsShareDifficulty: Bool { get }

    /// Another issue of a job is new work. False: a miner that gets one searches again what it has searched, so that jobs
    /// are issued again only to miners that come from another pool, and a new difficulty waits for the pool's next job.
    var renewsWork: Bool { get }

    /// How the nonce space is divided while no pool has said how much there is.
    var assumedLayout: NonceLayout { get }
    /// How it is divided for pools that leave so much room; pools with too little for any layout are left out. Nil if
    /// there is none.
    func layout(rooms: [Int]) -> NonceLayout?

    /// Translates a pool's job for the miners of a link. Nil if it cannot be made new work now: asked again later.
    func issue(_ job: UpstreamJob, _ request: IssueRequest) -> (any IssuedWork)?

    /// The conversation with a pool, from the first byte of a connection.
    func makePoolDialogue(_ settings: PoolDialogueSettings) -> any PoolDialogue
    /// The conversation with a miner, from the first byte of a connection.
    func makeMinerDialogue(_ settings: MinerDialogueSettings) -> any MinerDialogue

    /// True for a first line that a miner of this dialect sends and one of another does not. For telling a miner that
    /// it has come to the wrong port.
    static func recognizes(_ line: ByteBuffer) -> Bool
    /// The refusal of such a line in this dialect's own words, with `text` in it.
    static func refusal(of line: ByteBuffer, _ text: String) -> ByteBuffer
}

extension Dialect {
    /// Those of Bitcoin's machines for sale in 2026, roughly.
    public static var usualHashrates: ClosedRange<Double> { 1e12...200e12 }
    public static var hashrateUnit: String { "H/s" }
    /// The shortest of all, in EthereumStratum/2.0.0, has 116.
    public static var shortestJob: Int { 110 }
    public var knowsShareDifficulty: Bool { true }
    public var renewsWork: Bool { true }
}

/// What an issue of a job has to be.
public struct IssueRequest: Sendable {
    /// The id that miners get. Unique in the router's life, hexadecimal digits.
    public var jobID: String
    /// How the nonce space is divided on the link.
    public var layout: NonceLayout
    /// How often this job was issued before: all issues must be different work as far as the protocol lets them.
    public var issuedBefore: UInt64
    /// Time since the pool sent the job, in whole seconds.
    public var age: Int64
    /// The greatest ``IssuedWork/ntime`` of those issues; 0 if there are none.
    public var lastNtime: UInt32

    public init(jobID: String, layout: NonceLayout, issuedBefore: UInt64, age: Int64, lastNtime: UInt32) {
        self.jobID = jobID
        self.layout = layout
        self.issuedBefore = issuedBefore
        self.age = age
        self.lastNtime = lastNtime
    }
}

/// One issue of a pool's job, translated once for all miners of a link.
public protocol IssuedWork: Sendable {
    /// What the router puts before a session's prefix in the nonce that the pool sees.
    var padding: [UInt8] { get }
    /// The time in its header, in seconds since 1970; 0 where miners do not get one.
    var ntime: UInt32 { get }
}

import NIOCore

/// What the miner does about a line.
enum MinerAction {
    case send(String)
    case note(MinerEvent.Kind)
    case violation(String)
    case settle(id: Int, MinerReply)
    /// Ends the link and calls there next; nil stands for what is configured.
    case reconnect(host: String?, port: Int?)
    case leave(reason: String)
}

/// What a firmware keeps from one link to the next.
struct MinerMemory {
    var sessionID: String?
    /// A Bitaxe keeps the difficulty in a global variable.
    var difficulty = 1.0
    /// The other side did not answer or closed on `mining.configure`.
    var skipsConfigure = false
}

/// The miner's side of one link: all that is particular to a protocol, from the first line to the search for shares.
protocol MinerSide {
    /// Whether it may submit.
    var isAuthorized: Bool { get }
    /// Whether it has work.
    var hasWork: Bool { get }
    /// What it hands to the next link.
    var memory: MinerMemory { get }

    /// The first lines.
    mutating func begin() -> [MinerAction]
    /// Judges one line and says what to do about it.
    mutating func receive(_ line: ByteBuffer) -> [MinerAction]
    /// Nothing was said by either side for so long.
    mutating func rested(for time: TimeAmount) -> [MinerAction]
    /// Tries so many hashes.
    mutating func search(_ count: Int) -> [FoundShare]
    /// The request that submits a share, and its id.
    mutating func submission(of share: FoundShare) -> (id: Int, line: String)
}

extension MinerSide {
    mutating func rested(for time: TimeAmount) -> [MinerAction] { [] }
}

/// A share as found, ready to be written down.
struct FoundShare {
    let claim: ShareClaim
    /// In hex; empty where a protocol has none.
    let extranonce1: String
    /// The difficulty of its job.
    let difficulty: Double
    /// The difficulty it reached.
    let shareDifficulty: Double
}

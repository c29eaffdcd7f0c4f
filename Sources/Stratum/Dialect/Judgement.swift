public import NIOCore

/// What a miner has found: of what was hashed all that it chose itself, and what it shows for it.
public struct FoundNonce: Sendable, Hashable {
    /// The miner's part of the nonce.
    public var extranonce2: Extranonce2
    /// 0 where the protocol has none.
    public var ntime: UInt32
    public var nonce: UInt32
    public var versionBits: UInt32?
    /// What else the miner shows for it: a solution, a mix digest, a result.
    public var proof: ByteBuffer?

    public init(
        extranonce2: Extranonce2 = .empty,
        ntime: UInt32 = 0,
        nonce: UInt32 = 0,
        versionBits: UInt32? = nil,
        proof: ByteBuffer? = nil
    ) {
        self.extranonce2 = extranonce2
        self.ntime = ntime
        self.nonce = nonce
        self.versionBits = versionBits
        self.proof = proof
    }
}

/// A share as a miner sent it.
public struct Submission: Sendable, Hashable {
    /// The worker's name, bytes as sent; nil where the protocol does not name one: then it is the session's.
    public var user: ByteBuffer?
    /// The id of the router's job, bytes as sent.
    public var jobID: ByteBuffer
    public var found: FoundNonce

    public init(user: ByteBuffer?, jobID: ByteBuffer, found: FoundNonce = FoundNonce()) {
        self.user = user
        self.jobID = jobID
        self.found = found
    }
}

/// What a share is judged by.
public struct JudgingContext: Sendable {
    public var work: any IssuedWork
    public var upstream: UpstreamJob
    public var grant: NonceGrant
    /// What the share must meet.
    public var difficulty: Double
    /// ``MinerDialogue/versionMask`` when the job was sent.
    public var versionMask: UInt32
    /// Seconds since 1970.
    public var unixTime: UInt64

    public init(
        work: any IssuedWork,
        upstream: UpstreamJob,
        grant: NonceGrant,
        difficulty: Double,
        versionMask: UInt32,
        unixTime: UInt64
    ) {
        self.work = work
        self.upstream = upstream
        self.grant = grant
        self.difficulty = difficulty
        self.versionMask = versionMask
        self.unixTime = unixTime
    }
}

/// What a dialect thinks of a share.
public enum Judgement: Sendable {
    /// Its form, sizes or time are impossible, or its proof is false.
    case malformed(Rejection)
    case judged(JudgedWork)
    /// It takes too long for an event loop: what is returned is called elsewhere. The key is that of its result.
    case slow(ShareKey, @Sendable () -> Judgement)
}

/// What a share has shown.
public struct JudgedWork: Sendable, Hashable {
    /// 0 if it cannot be known: then the share counts for what it had to meet.
    public var shareDifficulty: Double
    /// It is good for the session.
    public var meetsDifficulty: Bool
    public var meetsPoolTarget: Bool
    /// A block. Sent to the pool whatever the bookkeeping says.
    public var meetsNetworkTarget: Bool
    /// As the pool must get them.
    public var versionBits: UInt32?
    public var key: ShareKey

    public init(
        shareDifficulty: Double,
        meetsDifficulty: Bool,
        meetsPoolTarget: Bool,
        meetsNetworkTarget: Bool = false,
        versionBits: UInt32? = nil,
        key: ShareKey
    ) {
        self.shareDifficulty = shareDifficulty
        self.meetsDifficulty = meetsDifficulty
        self.meetsPoolTarget = meetsPoolTarget
        self.meetsNetworkTarget = meetsNetworkTarget
        self.versionBits = versionBits
        self.key = key
    }
}

/// What makes two submissions for the same search one and the same share. 32 bytes of the dialect's choice.
public struct ShareKey: Sendable, Hashable {
    public var words: SIMD4<UInt64>

    public init(_ first: UInt64, _ second: UInt64 = 0, _ third: UInt64 = 0, _ fourth: UInt64 = 0) {
        self.words = SIMD4(first, second, third, fourth)
    }

    /// A hash of all that the share consists of.
    public init(_ hash: Hash256) {
        self.words = SIMD4(hash.words.0, hash.words.1, hash.words.2, hash.words.3)
    }
}

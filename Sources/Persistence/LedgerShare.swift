/// The extranonce2 of a share as sent to the pool: up to 32 bytes, held inline.
///
/// It holds whatever a protocol's miners choose beside nonce and time: the whole nonce where that is longer than 4 bytes.
package struct LedgerExtranonce2: Sendable, Hashable {
    /// Most bytes there can be; what is longer is cut.
    package static let limit = 32

    /// The bytes read as one big-endian number, in words of 64 bits: `top` is the uppermost.
    package private(set) var top: UInt64
    package private(set) var upper: UInt64
    package private(set) var high: UInt64
    package private(set) var low: UInt64
    /// How many bytes there are, at most `limit`.
    package private(set) var count: UInt8

    /// The last `count` bytes of a big-endian number of 256 bits; a count over `limit` is cut to `limit`.
    package init(top: UInt64 = 0, upper: UInt64 = 0, high: UInt64 = 0, low: UInt64 = 0, count: UInt8 = 0) {
        self.top = top
        self.upper = upper
        self.high = high
        self.low = low
        self.count = min(count, UInt8(Self.limit))
    }

    /// The first `limit` of `bytes`, in wire order.
    package init(bytes: some Sequence<UInt8>) {
        self.init()
        for byte in bytes.prefix(Self.limit) { self.append(byte) }
    }

    /// Adds one byte at the end; one beyond `limit` is ignored.
    package mutating func append(_ byte: UInt8) {
        guard self.count < Self.limit else { return }
        self.top = self.top << 8 | self.upper >> 56
        self.upper = self.upper << 8 | self.high >> 56
        self.high = self.high << 8 | self.low >> 56
        self.low = self.low << 8 | UInt64(byte)
        self.count += 1
    }

    /// The bytes in wire order.
    package var bytes: [UInt8] { (0..<Int(self.count)).map { self.byte(at: $0) } }

    /// One of the `count` bytes in wire order; 0 anywhere else.
    @inline(__always)
    func byte(at position: Int) -> UInt8 {
        let fromEnd = Int(self.count) - 1 - position
        let word =
            switch fromEnd >> 3 {
            case 0: self.low
            case 1: self.high
            case 2: self.upper
            case 3: self.top
            default: 0 as UInt64
            }
        return UInt8(truncatingIfNeeded: word >> UInt64(truncatingIfNeeded: (fromEnd & 7) * 8))
    }
}

/// A share as it was received, with the router's own judgement.
package struct LedgerShare: Sendable, Hashable {
    /// Router-wide, ascending, never used again; from `Ledger.nextShareID` on.
    package var id: Int64
    /// Milliseconds since 1970, UTC.
    package var time: Int64
    package var session: Int64
    /// From `Ledger.worker`.
    package var worker: Int32
    /// From `Ledger.pool`, the pool that issued the job; 0: none.
    package var pool: Int32
    /// 0: a job the router does not know.
    package var job: Int64
    /// The session difficulty its job was sent with.
    package var difficulty: Double
    /// What the share's hash was worth; 0 when it was not computed.
    package var shareDifficulty: Double
    /// It goes to the pool.
    package var forwarded: Bool
    /// The miner was answered at once, without waiting for the pool (`reply: immediate`).
    package var answeredImmediately: Bool
    /// `pending` if it is forwarded, otherwise final.
    package var verdict: LedgerVerdictKind
    /// Interned text from `Ledger.reason`; 0: none.
    package var reason: Int32
    /// The code the miner is answered with.
    package var reasonCode: Int32?
    /// These four as sent to the pool, or as received when it is not forwarded.
    package var extranonce2: LedgerExtranonce2
    package var ntime: UInt32
    package var nonce: UInt32
    package var versionBits: UInt32?

    package init(
        id: Int64,
        time: Int64,
        session: Int64,
        worker: Int32,
        pool: Int32,
        job: Int64,
        difficulty: Double,
        shareDifficulty: Double,
        forwarded: Bool,
        answeredImmediately: Bool = false,
        verdict: LedgerVerdictKind,
        reason: Int32 = 0,
        reasonCode: Int32? = nil,
        extranonce2: LedgerExtranonce2,
        ntime: UInt32,
        nonce: UInt32,
        versionBits: UInt32?
    ) {
        self.id = id
        self.time = time
        self.session = session
        self.worker = worker
        self.pool = pool
        self.job = job
        self.difficulty = difficulty
        self.shareDifficulty = shareDifficulty
        self.forwarded = forwarded
        self.answeredImmediately = answeredImmediately
        self.verdict = verdict
        self.reason = reason
        self.reasonCode = reasonCode
        self.extranonce2 = extranonce2
        self.ntime = ntime
        self.nonce = nonce
        self.versionBits = versionBits
    }
}

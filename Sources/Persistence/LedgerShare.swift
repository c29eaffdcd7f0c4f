/// The extranonce2 of a share as sent to the pool: up to 16 bytes, held inline.
package struct LedgerExtranonce2: Sendable, Hashable {
    /// The bytes read as one big-endian number: its upper and lower 64 bits.
    package private(set) var high: UInt64
    package private(set) var low: UInt64
    /// How many bytes there are, at most 16.
    package private(set) var count: UInt8

    /// `value` is the last `count` bytes as a big-endian number; a count over 16 is cut to 16.
    package init(high: UInt64 = 0, low: UInt64 = 0, count: UInt8 = 0) {
        self.high = high
        self.low = low
        self.count = min(count, 16)
    }

    /// The first 16 of `bytes`, in wire order.
    package init(bytes: some Sequence<UInt8>) {
        self.init()
        for byte in bytes.prefix(16) { self.append(byte) }
    }

    /// Adds one byte at the end; a 17th byte is ignored.
    package mutating func append(_ byte: UInt8) {
        guard self.count < 16 else { return }
        self.high = self.high << 8 | self.low >> 56
        self.low = self.low << 8 | UInt64(byte)
        self.count += 1
    }

    /// The bytes in wire order.
    package var bytes: [UInt8] {
        (0..<Int(self.count)).reversed().map { position in
            let word = position < 8 ? self.low : self.high
            return UInt8(truncatingIfNeeded: word >> UInt64(position % 8 * 8))
        }
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

import Crypto

/// The segment that is being written: what its seal will say, kept up to date row by row.
struct OpenSegment {
    /// Rows whose digest is kept, to tell where a segment was changed.
    static let blockRows = 64

    /// Shares that totals do not tell apart.
    struct RollupKey: Hashable {
        var worker: Int32
        var pool: Int32
        /// `ShareOutcome` under `totalsMask`.
        var outcome: UInt8
        /// Since 1970.
        var minute: Int64
    }

    /// Sums over such shares.
    struct Rollup: Hashable {
        var shares: Int64 = 0
        /// Σ session difficulty.
        var sessionWork: Double = 0
        /// Σ pool difficulty of the forwarded ones.
        var poolWork: Double = 0
        var places = RollupPlaces()
    }

    /// What a row adds to totals.
    struct Row {
        var time: Int64
        var worker: Int32
        var pool: Int32
        var job: Int64
        var stint: Int64
        var outcome: ShareOutcome
        var difficulty: Double
        var poolDifficulty: Double
    }

    let number: Int64
    let baseTime: Int64
    let baseShare: Int64
    private(set) var count = 0
    private(set) var firstTime: Int64?
    private(set) var lastTime: Int64?
    private(set) var totals = Seal.Totals()
    private(set) var rollups: [RollupKey: Rollup] = [:]
    private(set) var lowestJob = Int64.max
    private(set) var lowestStint = Int64.max
    /// Digests of the whole blocks, one after the other.
    private var blocks: [UInt8] = []
    /// The canonical form of the rows since the last whole block.
    private var block = CanonicalBytes(reserving: 1 << 14)

    init(number: Int64, baseTime: Int64, baseShare: Int64) {
        self.number = number
        self.baseTime = baseTime
        self.baseShare = baseShare
    }

    /// The minute, since 1970, of the latest share.
    var lastMinute: Int64? { self.lastTime.map(LedgerTime.minute) }

    /// The entry of the next row.
    var nextEntry: Int64 { LedgerEntry(segment: self.number, place: self.count).number }

    /// Adds a row whose canonical form `write` appends.
    @inline(__always)
    mutating func add(_ row: Row, _ write: (inout CanonicalBytes) -> Void) {
        write(&self.block)
        let place = self.count
        self.count += 1
        if self.count % Self.blockRows == 0 { self.closeBlock() }
        self.firstTime = min(self.firstTime ?? row.time, row.time)
        self.lastTime = max(self.lastTime ?? row.time, row.time)
        if row.job > 0 { self.lowestJob = min(self.lowestJob, row.job) }
        self.lowestStint = min(self.lowestStint, row.stint)
        self.totals.add(row)
        let key = RollupKey(
            worker: row.worker,
            pool: row.pool,
            outcome: row.outcome.rawValue & ShareOutcome.totalsMask,
            minute: LedgerTime.minute(row.time)
        )
        self.rollups[key, default: Rollup()].add(row, place: place)
    }

    /// The digests of all blocks, the last one perhaps short, and the digest over these.
    func digest() -> (blocks: [UInt8], digest: [UInt8]) {
        var copy = self
        if copy.count % Self.blockRows != 0 { copy.closeBlock() }
        return (copy.blocks, Array(SHA256.hash(data: copy.blocks)))
    }

    private mutating func closeBlock() {
        self.blocks.append(contentsOf: SHA256.hash(data: self.block.bytes))
        self.block.removeAll()
    }
}

extension OpenSegment.Rollup {
    @inline(__always)
    mutating func add(_ row: OpenSegment.Row, place: Int) {
        self.shares &+= 1
        self.sessionWork += row.difficulty
        if row.outcome.forwarded { self.poolWork += row.poolDifficulty }
        self.places.insert(place)
    }
}

extension Seal.Totals {
    @inline(__always)
    mutating func add(_ row: OpenSegment.Row) {
        self.shares &+= 1
        if row.outcome.forwarded { self.forwarded &+= 1 }
        let verdict = row.outcome.verdict
        if verdict == .accepted {
            self.accepted &+= 1
            self.acceptedWork += row.poolDifficulty
        }
        if let verdict, !verdict.isRefusal { self.sessionWork += row.difficulty }
    }
}

/// Where in a segment certain shares are, so that readers need not look at all of it.
struct RollupPlaces: Hashable {
    private static let finestRows = 1_024
    private static let bits = 64

    /// 256 bits, one for each 1,024 places.
    private var words = SIMD4<UInt64>()

    @inline(__always)
    mutating func insert(_ place: Int) {
        let bit = place / Self.finestRows
        self.words[bit / 64 & 3] |= 1 << UInt64(bit % 64)
    }

    /// How many places one bit of `stored(count:)` stands for, in a segment of `count` shares.
    static func rowsPerBit(count: Int) -> Int {
        var rows = Self.finestRows
        while rows * Self.bits < count, rows < LedgerEntry.segmentLimit { rows *= 2 }
        return rows
    }

    /// The 64 bits that are written for a segment of `count` shares.
    func stored(count: Int) -> UInt64 {
        let factor = Self.rowsPerBit(count: count) / Self.finestRows
        return (0..<256).reduce(0) { stored, bit in
            let isSet = self.words[bit / 64] >> UInt64(bit % 64) & 1 == 1
            return isSet && bit / factor < Self.bits ? stored | 1 << UInt64(bit / factor) : stored
        }
    }
}

/// Writes one record of the journal into raw memory: length and checksum (4 bytes each), payload, padding to a multiple
/// of 8.
///
/// Integers are stored in the machine's own byte order: the journal never leaves the machine it was written on.
struct JournalEncoder {
    /// Bytes of length and checksum before each payload.
    static let headerSize = 8
    /// Longer texts are cut to this many bytes of UTF-8.
    static let textLimit = 1_024
    /// No record is longer: the fixed fields of the largest event, and four texts.
    static let recordLimit = 256 + 4 * (2 + Self.textLimit)

    private let base: UnsafeMutableRawPointer
    private var offset = Self.headerSize

    private init(base: UnsafeMutableRawPointer) {
        self.base = base
    }

    /// An upper bound of the bytes that `encode` needs for `event`.
    @inline(__always)
    static func sizeBound(of event: LedgerEvent) -> Int {
        switch event {
        case .share, .settled, .lateVerdict: 256
        case .sessionOpened, .sessionClosed, .job, .poolEvent, .name: Self.recordLimit
        }
    }

    /// Writes `event` at `base`, which has room for `sizeBound(of: event)` bytes and is aligned to 8.
    ///
    /// The header comes last, so that a record cut short by the end of the process has none.
    /// - Returns: The bytes taken, a multiple of 8.
    static func encode(_ event: LedgerEvent, at base: UnsafeMutableRawPointer) -> Int {
        var encoder = JournalEncoder(base: base)
        encoder.put(event)
        let size = encoder.offset - Self.headerSize
        let payload = UnsafeRawBufferPointer(start: base + Self.headerSize, count: size)
        let checksum = JournalChecksum.value(of: payload)
        base.storeBytes(of: checksum, toByteOffset: 4, as: UInt32.self)
        base.storeBytes(of: UInt32(truncatingIfNeeded: size), as: UInt32.self)
        return (encoder.offset + 7) & ~7
    }

    private mutating func put(_ event: LedgerEvent) {
        switch event {
        case .share(let share):
            self.put(JournalTag.share)
            self.put(share)
        case .settled(let verdict):
            self.put(JournalTag.settled)
            self.put(verdict)
        case .lateVerdict(let verdict):
            self.put(JournalTag.lateVerdict)
            self.put(verdict)
        case .sessionOpened(let session):
            self.put(JournalTag.sessionOpened)
            self.put(session.id)
            self.put(session.time)
            self.put(session.worker)
            self.put(session.remote)
            self.put(session.userAgent)
        case .sessionClosed(let id, let time, let reason):
            self.put(JournalTag.sessionClosed)
            self.put(id)
            self.put(time)
            self.put(reason)
        case .job(let job):
            self.put(JournalTag.job)
            self.put(job.id)
            self.put(job.jobID)
            self.put(job.pool)
            self.put(job.poolJobID)
            self.put(job.poolDifficulty.bitPattern)
        case .poolEvent(let event):
            self.put(JournalTag.poolEvent)
            self.put(event)
        case .name(let name):
            self.put(name.protocol == nil ? JournalTag.name : JournalTag.describedName)
            self.put(name.kind.rawValue)
            self.put(name.id)
            self.put(name.route)
            self.put(name.text)
            if let description = name.protocol {
                self.put(description.name)
                self.put(description.hashesPerDifficulty.bitPattern)
            }
        }
    }

    private mutating func put(_ share: LedgerShare) {
        self.put(share.id)
        self.put(share.time)
        self.put(share.session)
        self.put(share.worker)
        self.put(share.pool)
        self.put(share.job)
        self.put(share.difficulty.bitPattern)
        self.put(share.shareDifficulty.bitPattern)
        self.put(share.forwarded)
        self.put(share.answeredImmediately)
        self.put(share.verdict.rawValue)
        self.put(share.reason)
        self.put(share.reasonCode)
        self.put(share.extranonce2)
        self.put(share.ntime)
        self.put(share.nonce)
        self.put(share.versionBits)
    }

    /// Its length, then as many words as hold it, the lowest first: most are no longer than one.
    private mutating func put(_ extranonce2: LedgerExtranonce2) {
        self.put(extranonce2.count)
        self.put(extranonce2.low)
        if extranonce2.count > 8 { self.put(extranonce2.high) }
        if extranonce2.count > 16 {
            self.put(extranonce2.upper)
            self.put(extranonce2.top)
        }
    }

    private mutating func put(_ verdict: LedgerVerdict) {
        self.put(verdict.id)
        self.put(verdict.verdict.rawValue)
        self.put(verdict.reason)
        self.put(verdict.reasonCode)
        self.put(verdict.latency)
    }

    private mutating func put(_ event: LedgerPoolEvent) {
        self.put(event.time)
        self.put(event.kind.rawValue)
        self.put(event.pool)
        self.put(event.cause)
        self.put(event.detection)
        self.put(event.sessionsMoved)
        self.put(event.sharesLost)
        self.put(event.fromPool)
        self.put(event.toPool)
        self.put(event.detail)
    }

    private mutating func put(_ tag: JournalTag) {
        self.put(tag.rawValue)
    }

    private mutating func put(_ flag: Bool) {
        self.put(flag ? 1 : 0 as UInt8)
    }

    @inline(__always)
    private mutating func put<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        self.base.storeBytes(of: value, toByteOffset: self.offset, as: Value.self)
        self.offset += MemoryLayout<Value>.size
    }

    @inline(__always)
    private mutating func put<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value?) {
        guard let value else { return self.put(false) }
        self.put(true)
        self.put(value)
    }

    private mutating func put(_ text: String) {
        let start = self.offset
        self.offset += 2
        for byte in text.utf8.prefix(Self.textLimit) { self.put(byte) }
        let count = UInt16(truncatingIfNeeded: self.offset - start - 2)
        self.base.storeBytes(of: count, toByteOffset: start, as: UInt16.self)
    }
}

/// The first byte of a payload. A number is never used again for another form.
enum JournalTag: UInt8 {
    /// A share as format 1 had it, with at most 16 bytes of extranonce2 in two words; only read.
    case shortShare = 1
    case settled = 2
    case lateVerdict = 3
    case sessionOpened = 4
    case sessionClosed = 5
    case job = 6
    case poolEvent = 7
    case name = 8
    case share = 9
    /// The name of a route and its protocol.
    case describedName = 10
}

/// Tells a whole record from a torn one.
enum JournalChecksum {
    private static let multiplier: UInt64 = 0xD6E8_FEB8_6659_FD93

    /// A 32-bit digest of `bytes` and their number.
    static func value(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        var state = UInt64(truncatingIfNeeded: bytes.count) &+ 0x9E37_79B9_7F4A_7C15
        var offset = 0
        while offset + 8 <= bytes.count {
            Self.mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self), into: &state)
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < bytes.count {
            rest = rest << 8 | UInt64(bytes[offset])
            offset += 1
        }
        Self.mix(rest, into: &state)
        return UInt32(truncatingIfNeeded: (state &* Self.multiplier) >> 32)
    }

    @inline(__always)
    private static func mix(_ word: UInt64, into state: inout UInt64) {
        state = (state ^ word) &* Self.multiplier
        state ^= state >> 32
    }
}

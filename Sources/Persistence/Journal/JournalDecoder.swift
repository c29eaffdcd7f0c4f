/// Reads the records of a segment, one after the other, from memory of this process or from a file it left behind.
struct JournalDecoder {
    /// The record is no event: it was damaged, or written by another release.
    private struct Damage: Error {}

    private let bytes: UnsafeRawBufferPointer
    /// Where the next record starts.
    private(set) var position: Int

    /// Reads `bytes` from `position` on; positions are multiples of 8.
    init(_ bytes: UnsafeRawBufferPointer, position: Int) {
        self.bytes = bytes
        self.position = position
    }

    /// The next event; nil at the end, and at a record that is torn or damaged.
    mutating func next() -> LedgerEvent? {
        let start = self.position
        guard start >= 0, start <= self.bytes.count - JournalEncoder.headerSize else { return nil }
        let size = Int(self.bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
        let checksum = self.bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self)
        let payloadStart = start + JournalEncoder.headerSize
        guard size > 0, size <= self.bytes.count - payloadStart else { return nil }
        let payload = UnsafeRawBufferPointer(rebasing: self.bytes[payloadStart..<payloadStart + size])
        guard JournalChecksum.value(of: payload) == checksum else { return nil }
        var reader = PayloadReader(bytes: payload)
        guard let event = try? reader.event() else { return nil }
        self.position = (payloadStart + size + 7) & ~7
        return event
    }

    /// Takes the fields of one payload in the order in which `JournalEncoder` put them.
    private struct PayloadReader {
        let bytes: UnsafeRawBufferPointer
        var offset = 0

        mutating func event() throws(Damage) -> LedgerEvent {
            guard let tag = JournalTag(rawValue: try self.integer()) else { throw Damage() }
            switch tag {
            case .share: return .share(try self.share())
            case .shortShare: return .share(try self.share(isShort: true))
            case .settled: return .settled(try self.verdict())
            case .lateVerdict: return .lateVerdict(try self.verdict())
            case .sessionOpened:
                return .sessionOpened(
                    LedgerSession(
                        id: try self.integer(),
                        time: try self.integer(),
                        worker: try self.integer(),
                        remote: try self.text(),
                        userAgent: try self.text()
                    )
                )
            case .sessionClosed:
                return .sessionClosed(id: try self.integer(), time: try self.integer(), reason: try self.text())
            case .job:
                return .job(
                    LedgerJob(
                        id: try self.integer(),
                        jobID: try self.text(),
                        pool: try self.integer(),
                        poolJobID: try self.text(),
                        poolDifficulty: Double(bitPattern: try self.integer())
                    )
                )
            case .poolEvent: return .poolEvent(try self.poolEvent())
            case .name:
                return .name(try self.name())
            case .describedName:
                var name = try self.name()
                let text = try self.text()
                name.protocol = LedgerProtocol(name: text, hashesPerDifficulty: Double(bitPattern: try self.integer()))
                return .name(name)
            }
        }

        private mutating func name() throws(Damage) -> LedgerName {
            guard let kind = LedgerName.Kind(rawValue: try self.integer()) else { throw Damage() }
            return LedgerName(kind: kind, id: try self.integer(), route: try self.integer(), text: try self.text())
        }

        private mutating func extranonce2() throws(Damage) -> LedgerExtranonce2 {
            let count: UInt8 = try self.integer()
            let low: UInt64 = try self.integer()
            let high: UInt64 = count > 8 ? try self.integer() : 0
            let upper: UInt64 = count > 16 ? try self.integer() : 0
            let top: UInt64 = count > 16 ? try self.integer() : 0
            return LedgerExtranonce2(top: top, upper: upper, high: high, low: low, count: count)
        }

        /// As format 1 had it.
        private mutating func shortExtranonce2() throws(Damage) -> LedgerExtranonce2 {
            let high: UInt64 = try self.integer()
            let low: UInt64 = try self.integer()
            return LedgerExtranonce2(high: high, low: low, count: min(try self.integer(), 16))
        }

        private mutating func share(isShort: Bool = false) throws(Damage) -> LedgerShare {
            LedgerShare(
                id: try self.integer(),
                time: try self.integer(),
                session: try self.integer(),
                worker: try self.integer(),
                pool: try self.integer(),
                job: try self.integer(),
                difficulty: Double(bitPattern: try self.integer()),
                shareDifficulty: Double(bitPattern: try self.integer()),
                forwarded: try self.flag(),
                answeredImmediately: try self.flag(),
                verdict: try self.verdictKind(),
                reason: try self.integer(),
                reasonCode: try self.optional(),
                extranonce2: isShort ? try self.shortExtranonce2() : try self.extranonce2(),
                ntime: try self.integer(),
                nonce: try self.integer(),
                versionBits: try self.optional()
            )
        }

        private mutating func verdict() throws(Damage) -> LedgerVerdict {
            LedgerVerdict(
                id: try self.integer(),
                verdict: try self.verdictKind(),
                reason: try self.integer(),
                reasonCode: try self.optional(),
                latency: try self.optional()
            )
        }

        private mutating func poolEvent() throws(Damage) -> LedgerPoolEvent {
            let time: Int64 = try self.integer()
            guard let kind = LedgerPoolEventKind(rawValue: try self.text()) else { throw Damage() }
            return LedgerPoolEvent(
                time: time,
                kind: kind,
                pool: try self.integer(),
                cause: try self.text(),
                detection: try self.optional(),
                sessionsMoved: try self.optional(),
                sharesLost: try self.optional(),
                fromPool: try self.optional(),
                toPool: try self.optional(),
                detail: try self.text()
            )
        }

        private mutating func verdictKind() throws(Damage) -> LedgerVerdictKind {
            guard let kind = LedgerVerdictKind(rawValue: try self.integer()) else { throw Damage() }
            return kind
        }

        private mutating func flag() throws(Damage) -> Bool {
            try self.integer() as UInt8 != 0
        }

        private mutating func optional<Value: FixedWidthInteger & BitwiseCopyable>() throws(Damage) -> Value? {
            try self.flag() ? try self.integer() : nil
        }

        private mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>() throws(Damage) -> Value {
            let size = MemoryLayout<Value>.size
            guard size <= self.bytes.count - self.offset else { throw Damage() }
            defer { self.offset += size }
            return self.bytes.loadUnaligned(fromByteOffset: self.offset, as: Value.self)
        }

        private mutating func text() throws(Damage) -> String {
            let size = Int(try self.integer() as UInt16)
            guard size <= self.bytes.count - self.offset else { throw Damage() }
            defer { self.offset += size }
            return String(decoding: self.bytes[self.offset..<self.offset + size], as: UTF8.self)
        }
    }
}

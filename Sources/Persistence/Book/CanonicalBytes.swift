/// Bytes of the canonical form (`docs/ledger-format.md`): integers and floating-point numbers big-endian, texts as length
/// (2 bytes) and UTF-8, optional values behind a byte that is 0 or 1.
struct CanonicalBytes {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int = 0) {
        self.bytes.reserveCapacity(capacity)
    }

    mutating func removeAll() { self.bytes.removeAll(keepingCapacity: true) }

    @inline(__always)
    mutating func put<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.bigEndian) { self.bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func put(_ value: Double) { self.put(value.bitPattern) }

    mutating func put(_ value: Bool) { self.put(value ? 1 : 0 as UInt8) }

    @inline(__always)
    mutating func put<Value: FixedWidthInteger>(_ value: Value?) {
        guard let value else { return self.put(0 as UInt8) }
        self.put(1 as UInt8)
        self.put(value)
    }

    /// Texts beyond 65,535 bytes, which this program never writes, are cut.
    mutating func put(_ text: String) {
        let utf8 = text.utf8.prefix(Int(UInt16.max))
        self.put(UInt16(utf8.count))
        self.bytes.append(contentsOf: utf8)
    }

    mutating func put(_ text: String?) {
        guard let text else { return self.put(0 as UInt8) }
        self.put(1 as UInt8)
        self.put(text)
    }

    /// As they are, without length.
    @inline(__always)
    mutating func put(raw bytes: some Collection<UInt8>) { self.bytes.append(contentsOf: bytes) }

    @inline(__always)
    mutating func put(raw bytes: UnsafeRawBufferPointer) { self.bytes.append(contentsOf: bytes) }
}

/// What a seal covers, each with a digest of its own. The raw values are stored; they are never reused.
enum SealedStream: UInt8, CaseIterable, Sendable {
    case share = 1
    case lateVerdict = 2
    case sessionEvent = 3
    case rollup = 4
    case gap = 5
    case poolEvent = 6

    /// Dropped with the shares when these are too old; the others go with the rollups.
    var isDetail: Bool {
        switch self {
        case .share, .lateVerdict, .sessionEvent: true
        case .rollup, .gap, .poolEvent: false
        }
    }

    /// The name of its table.
    var table: String {
        switch self {
        case .share: "share"
        case .lateVerdict: "lateVerdict"
        case .sessionEvent: "sessionEvent"
        case .rollup: "rollup"
        case .gap: "gap"
        case .poolEvent: "poolEvent"
        }
    }

    /// The rows are numbered by their own ids.
    static let numbered: [SealedStream] = [.lateVerdict, .sessionEvent, .gap, .poolEvent]
}

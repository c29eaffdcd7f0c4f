import Crypto

/// What a seal covers of one stream.
struct SealPart: Hashable, Sendable {
    var stream: SealedStream
    /// The first and the last row: entries of shares, ids of the numbered streams; 0 for rollups.
    var first: Int64
    var last: Int64
    var rows: Int64
    /// SHA-256: of shares, over the digests of their blocks; of the others, over the rows' canonical forms.
    var digest: [UInt8]
}

/// The end of a segment: what is in it, and that it follows the seal before.
struct Seal: Hashable, Sendable {
    /// Sums over the segment's shares, in the order of their entries.
    struct Totals: Hashable, Sendable {
        var shares: Int64 = 0
        var forwarded: Int64 = 0
        var accepted: Int64 = 0
        /// Σ pool difficulty of the accepted shares.
        var acceptedWork: Double = 0
        /// Σ session difficulty of the shares that nobody refused.
        var sessionWork: Double = 0
    }

    var segment: Int64
    /// When it was made, milliseconds since 1970.
    var time: Int64
    /// Of the shares; nil without any.
    var firstTime: Int64?
    var lastTime: Int64?
    var totals: Totals
    /// Of the key it is signed with, 32 bytes; nil: it is not signed.
    var publicKey: [UInt8]?
    var parts: [SealPart]
    /// The hash of the seal before; of the first one, the ledger's genesis.
    var previous: [UInt8]

    /// SHA-256 of the canonical form.
    var hash: [UInt8] { Array(SHA256.hash(data: self.canonical)) }

    /// What is hashed.
    var canonical: [UInt8] {
        var bytes = CanonicalBytes(reserving: 512)
        bytes.put(raw: Array("stratum-router seal 1\n".utf8))
        bytes.put(raw: self.previous)
        bytes.put(self.segment)
        bytes.put(self.time)
        bytes.put(self.firstTime)
        bytes.put(self.lastTime)
        bytes.put(self.totals.shares)
        bytes.put(self.totals.forwarded)
        bytes.put(self.totals.accepted)
        bytes.put(self.totals.acceptedWork)
        bytes.put(self.totals.sessionWork)
        bytes.put(self.publicKey == nil ? 0 : 1 as UInt8)
        bytes.put(raw: self.publicKey ?? [])
        bytes.put(UInt8(truncatingIfNeeded: self.parts.count))
        for part in self.parts {
            bytes.put(part.stream.rawValue)
            bytes.put(part.first)
            bytes.put(part.last)
            bytes.put(part.rows)
            bytes.put(raw: part.digest)
        }
        return bytes.bytes
    }
}

/// The digest of a stream that is read row by row.
struct StreamDigest {
    private static let pieceSize = 1 << 16

    var bytes = CanonicalBytes(reserving: pieceSize)
    private var hash = SHA256()

    /// To be called after each row.
    mutating func flushIfLarge() {
        guard self.bytes.bytes.count >= Self.pieceSize else { return }
        self.hash.update(data: self.bytes.bytes)
        self.bytes.removeAll()
    }

    consuming func finish() -> [UInt8] {
        self.hash.update(data: self.bytes.bytes)
        return Array(self.hash.finalize())
    }
}

/// Where a ledger is not what was sealed.
package struct LedgerFinding: Sendable, Hashable {
    /// nil: not in one segment.
    package var segment: Int64?
    /// When the segment's first and last share came, as its seal says, milliseconds since 1970.
    package var firstTime: Int64?
    package var lastTime: Int64?
    /// The table that is concerned.
    package var table: String
    /// Which rows, and what is wrong with them.
    package var problem: String
}

/// What was found out about a ledger.
package struct LedgerVerification: Sendable, Hashable {
    /// Sealed segments.
    package var segments: Int64 = 0
    /// Shares that these vouch for.
    package var shares: Int64 = 0
    /// Shares of these that were dropped, because of their age or by whoever can write the file: only totals vouch for them.
    package var droppedShares: Int64 = 0
    /// When the first and the last of these came, milliseconds since 1970.
    package var firstTime: Int64?
    package var lastTime: Int64?
    /// Settled shares that no seal covers yet; nothing is known about them.
    package var unsealedShares: Int64 = 0
    /// Rows of events, gaps and late verdicts that no seal covers yet.
    package var unsealedEvents: Int64 = 0
    /// Seals with a good signature.
    package var signedSeals: Int64 = 0
    /// Who signed them, 32 bytes each, in the order of their first signature.
    package var publicKeys: [[UInt8]] = []
    /// Shares of segments below this were dropped because of their age.
    package var detailFrom: Int64 = 1
    /// Rollups and events of segments below this were dropped because of their age.
    package var rollupsFrom: Int64 = 1
    package var newestSeal: LedgerSealID?
    /// In the order of the segments; empty: all is as it was sealed.
    package var findings: [LedgerFinding] = []
}

/// Says which seal is meant, and what it says: enough to find out later whether a ledger still is what it was.
package struct LedgerSealID: Sendable, Hashable, CustomStringConvertible {
    package var segment: Int64
    /// 32 bytes.
    package var hash: [UInt8]

    package init(segment: Int64, hash: [UInt8]) {
        self.segment = segment
        self.hash = hash
    }

    /// From `SEGMENT:HASH`, the hash in hexadecimal; nil if it is nothing of the kind.
    package init?(_ text: String) {
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2, let segment = Int64(halves[0]), segment > 0, halves[1].utf8.count == 64 else {
            return nil
        }
        var hash: [UInt8] = []
        var rest = halves[1]
        while !rest.isEmpty {
            let digits = rest.prefix(2)
            guard digits.allSatisfy(\.isHexDigit), let byte = UInt8(digits, radix: 16) else { return nil }
            hash.append(byte)
            rest = rest.dropFirst(2)
        }
        self.init(segment: segment, hash: hash)
    }

    /// `SEGMENT:HASH`
    package var description: String { "\(self.segment):\(Hexadecimal.text(self.hash))" }
}

/// The newest seal as it is shown to be kept elsewhere.
package struct LedgerSealSummary: Sendable, Hashable {
    package var id: LedgerSealID
    /// When it was made, milliseconds since 1970.
    package var time: Int64
    /// In its segment.
    package var shares: Int64
    /// 32 and 64 bytes; nil: not signed.
    package var publicKey: [UInt8]?
    package var signature: [UInt8]?
}

/// Bytes as people read them.
package enum Hexadecimal {
    /// Two small digits for each byte.
    package static func text(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}

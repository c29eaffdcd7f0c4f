/// A pool's job as it came.
public struct CryptoNoteJob: Sendable, Hashable {
    /// The pool's name for it.
    public var id: String
    /// What is hashed, the nonce in it.
    public var blob: [UInt8]
    public var target: CryptoNoteTarget
    /// As the job says, or else as the configuration does.
    public var algorithm: CryptoNoteAlgorithm
    /// Height of the block that is being mined; nil if the pool does not say.
    public var height: Int?
    /// Of RandomX; empty if the pool does not say.
    public var seedHash: String
    /// All members but those that the router writes itself, as they came and in their order: `,"name":value` for each.
    public var otherMembers: [UInt8]

    /// Ids may be so long, in bytes.
    public static let maximumIDCount = 256
    /// More than any miner takes.
    public static let maximumBlobCount = 1024
    /// The other members may be so long together, in bytes.
    public static let maximumOtherCount = 8192
}

/// Why a job is none.
struct CryptoNoteMalformedJob: Error, Sendable, Hashable {
    var reason: String
}

extension CryptoNoteJob {
    /// - Parameters:
    ///   - range: of the job in what `scanner` reads.
    ///   - assumed: the algorithm of a job that names none.
    init(
        _ range: Range<Int>?, in scanner: JSONScanner, assumed: CryptoNoteAlgorithm
    ) throws(CryptoNoteMalformedJob) {
        guard let members = CryptoNoteMembers(range, in: scanner) else {
            throw CryptoNoteMalformedJob(
                reason: "job is no object of at most \(CryptoNoteMembers.maximumCount) members")
        }
        guard let id = scanner.cryptoNoteText(members["job_id"], maximumCount: Self.maximumIDCount), !id.isEmpty else {
            throw CryptoNoteMalformedJob(reason: "job_id is not a string of 1 to \(Self.maximumIDCount) bytes")
        }
        let named = scanner.cryptoNoteText(members["algo"], maximumCount: CryptoNoteAlgorithm.maximumNameCount)
        guard
            let algorithm = scanner.cryptoNoteIsNull(members["algo"])
                ? assumed : named.flatMap({ CryptoNoteAlgorithm($0) })
        else {
            throw CryptoNoteMalformedJob(reason: "algo is no name")
        }
        guard algorithm.isServed else {
            throw CryptoNoteMalformedJob(reason: "algorithm \(algorithm.name) is not one of this protocol's router")
        }
        self.id = id
        self.algorithm = algorithm
        self.blob = try Self.blob(members["blob"], in: scanner, algorithm: algorithm)
        self.target = try Self.target(members["target"], in: scanner, algorithm: algorithm)
        self.height = scanner.cryptoNoteInteger(members["height"]).flatMap { $0 >= 0 ? $0 : nil }
        self.seedHash = scanner.cryptoNoteText(members["seed_hash"], maximumCount: 64) ?? ""
        guard named == nil || !algorithm.usesSeed || Hex.decode(self.seedHash, maximumCount: 32)?.count == 32 else {
            throw CryptoNoteMalformedJob(reason: "seed_hash of \(algorithm.name) is not 64 hex digits")
        }
        self.otherMembers = try Self.others(members, in: scanner)
    }

    private static func blob(
        _ range: Range<Int>?, in scanner: JSONScanner, algorithm: CryptoNoteAlgorithm
    ) throws(CryptoNoteMalformedJob) -> [UInt8] {
        let least = algorithm.nonceOffset + 4
        guard let digits = scanner.cryptoNoteText(range, maximumCount: Self.maximumBlobCount * 2),
            let blob = Hex.decode(digits, maximumCount: Self.maximumBlobCount), blob.count >= least
        else {
            throw CryptoNoteMalformedJob(reason: "blob is not hex of \(least) to \(Self.maximumBlobCount) bytes")
        }
        return blob
    }

    private static func target(
        _ range: Range<Int>?, in scanner: JSONScanner, algorithm: CryptoNoteAlgorithm
    ) throws(CryptoNoteMalformedJob) -> CryptoNoteTarget {
        let digits = scanner.cryptoNoteText(range, maximumCount: 18) ?? ""
        guard
            let target = algorithm.hasPlainTarget
                ? CryptoNoteTarget(plainHex: digits) : CryptoNoteTarget(hex: digits)
        else {
            throw CryptoNoteMalformedJob(reason: "target is not 8 or 16 hex digits above zero")
        }
        return target
    }

    /// Written by the router itself.
    private static let ownMembers: Set<String> = ["blob", "job_id", "target", "id"]

    private static func others(
        _ members: CryptoNoteMembers, in scanner: JSONScanner
    ) throws(CryptoNoteMalformedJob) -> [UInt8] {
        var others: [UInt8] = []
        for member in members.members where !Self.ownMembers.contains(member.name) {
            others += ",\"".utf8
            others += scanner.slice(member.rawName)
            others += "\":".utf8
            others += scanner.slice(member.value)
        }
        guard others.count <= Self.maximumOtherCount else {
            throw CryptoNoteMalformedJob(reason: "job is longer than \(Self.maximumOtherCount) bytes beside its blob")
        }
        return others
    }
}

extension CryptoNoteJob {
    /// Where in the blob the byte is that a router or a pool divides among its miners: the nonce's last (cryptonote §4).
    public var sharedByteOffset: Int { self.algorithm.nonceOffset + 3 }

    /// What the pool has put there.
    public var sharedByte: UInt8 {
        self.blob.indices.contains(self.sharedByteOffset) ? self.blob[self.sharedByteOffset] : 0
    }

    /// The block that the blob says it builds on: 32 bytes after two version numbers and a time, all three of variable
    /// length (cryptonote §2). Nil if the blob does not begin like that.
    public var previousID: [UInt8]? {
        guard self.algorithm.hasCryptoNoteHeader else { return nil }
        var rest = self.blob[...]
        for _ in 0..<3 {
            // Seven bits a byte, ten bytes for 64 bits; the last has its upper bit clear.
            guard let end = rest.prefix(10).firstIndex(where: { $0 < 0x80 }) else { return nil }
            rest = rest[(end + 1)...]
        }
        guard rest.count >= 32 else { return nil }
        return Array(rest.prefix(32))
    }
}

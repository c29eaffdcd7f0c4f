/// The output scripts that addresses stand for.
enum OutputTemplate: Sendable, Hashable {
    /// The 20 bytes of a public key's hash.
    case publicKeyHash([UInt8])
    /// The 20 bytes of a script's hash.
    case scriptHash([UInt8])
    /// A version of 0 to 16 and 2 to 40 bytes.
    case witness(version: UInt8, program: [UInt8])

    private static let publicKeyHashFrame: (before: [UInt8], after: [UInt8]) = ([0x76, 0xA9, 0x14], [0x88, 0xAC])
    private static let scriptHashFrame: (before: [UInt8], after: [UInt8]) = ([0xA9, 0x14], [0x87])

    /// What a segwit address stands for.
    init(segwit address: Bech32) throws(PayoutAddressError) {
        guard let version = address.values.first else {
            throw .incompleteBech32
        }
        guard version <= 16 else {
            throw .witnessVersion(version)
        }
        guard address.checksum == (version == 0 ? .bech32 : .bech32m) else {
            throw .wrongChecksum(version: version)
        }
        guard let program = Bech32.bytes(of: address.values.dropFirst()) else {
            throw .padding
        }
        guard version == 0 ? program.count == 20 || program.count == 32 : (2...40).contains(program.count) else {
            throw .witnessProgramLength(version: version, byteCount: program.count)
        }
        self = .witness(version: version, program: program)
    }

    /// The template of `script`; nil if it follows none, or a version of segwit whose addresses nobody uses yet.
    init?(script: [UInt8]) {
        if let hash = Self.hash(in: script, Self.publicKeyHashFrame) {
            self = .publicKeyHash(hash)
        } else if let hash = Self.hash(in: script, Self.scriptHashFrame) {
            self = .scriptHash(hash)
        } else {
            let program = Array(script.dropFirst(2))
            switch (script.first, script.dropFirst().first, program.count) {
            case (0, 20, 20), (0, 32, 32): self = .witness(version: 0, program: program)
            case (0x51, 32, 32): self = .witness(version: 1, program: program)
            default: return nil
            }
        }
    }

    /// The bytes of the script.
    var script: [UInt8] {
        switch self {
        case .publicKeyHash(let hash): Self.publicKeyHashFrame.before + hash + Self.publicKeyHashFrame.after
        case .scriptHash(let hash): Self.scriptHashFrame.before + hash + Self.scriptHashFrame.after
        case .witness(let version, let program):
            [version == 0 ? 0 : 0x50 &+ version, UInt8(truncatingIfNeeded: program.count)] + program
        }
    }

    /// The address on `network`; nil if there is none for this kind of script.
    func address(on network: PayoutNetwork) -> String? {
        switch self {
        case .publicKeyHash(let hash): network.publicKeyHashVersion.map { Base58Check.encode([$0] + hash) }
        case .scriptHash(let hash): network.scriptHashVersion.map { Base58Check.encode([$0] + hash) }
        case .witness(let version, let program):
            network.segwitPrefix.map { prefix in
                let values = [version] + Bech32.values(of: program)
                return Bech32(prefix: prefix, values: values, checksum: version == 0 ? .bech32 : .bech32m).text
            }
        }
    }

    /// The 20 bytes between the parts of `frame`, if `script` is just these.
    private static func hash(in script: [UInt8], _ frame: (before: [UInt8], after: [UInt8])) -> [UInt8]? {
        let hash = script.dropFirst(frame.before.count).dropLast(frame.after.count)
        guard hash.count == 20, script.starts(with: frame.before), script.suffix(frame.after.count) == frame.after[...]
        else {
            return nil
        }
        return Array(hash)
    }
}

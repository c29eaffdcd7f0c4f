/// Why a text does not say which output is expected; the description says what would be right.
public enum PayoutAddressError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is no text.
    case empty
    /// More characters than an address of its kind can have.
    case tooLong(limit: Int)
    /// What precedes a colon is neither `script` nor the beginning of a Bitcoin Cash address.
    case unknownScheme(String)
    /// A Bitcoin Cash address in its newer form.
    case cashAddress

    /// Not an even number of hex digits, or none.
    case notHex
    /// Hex that has the length of a hash or the look of a public key; scripts are longer than the hash in them.
    case hexIsNoScript(byteCount: Int)
    /// More bytes than a script can have.
    case scriptTooLong(limit: Int)

    /// A character that base58 does not have, in a text that is no other form either.
    case notBase58(Unicode.Scalar)
    /// The last four bytes do not belong to those before.
    case base58Checksum
    /// How many bytes there are beside the checksum, instead of 21.
    case base58Length(Int)
    /// The text is what spends the outputs of an address, not the address.
    case privateKey
    /// The version is in no `PayoutNetwork`.
    case unknownVersion(UInt8)

    /// A character that bech32 does not have.
    case notBech32(Unicode.Scalar)
    /// There are capital and small letters.
    case mixedCase
    /// The prefix, the data or a part of the checksum is missing.
    case incompleteBech32
    /// The checksum is neither that of bech32 nor that of bech32m.
    case bech32Checksum
    /// The prefix is in no `PayoutNetwork`.
    case unknownPrefix(String)
    /// A version above 16.
    case witnessVersion(UInt8)
    /// The checksum is valid, but it is the one for other versions.
    case wrongChecksum(version: UInt8)
    /// More than four bits are left over, or one of them is not zero.
    case padding
    /// The version has no programs of this size.
    case witnessProgramLength(version: UInt8, byteCount: Int)

    public var description: String {
        switch self {
        case .empty: "is empty; write an address, or script: and the output script in hex"
        case .tooLong(let limit): "is longer than the \(limit) characters of such an address"
        case .unknownScheme(let scheme):
            "begins with \(scheme): which is not understood; write the address alone, or script: and the script in hex"
        case .cashAddress:
            "is a CashAddr; write the same address in the legacy form, which begins with 1 or 3, "
                + "or script: and the output script in hex"
        case .notHex, .hexIsNoScript, .scriptTooLong: self.scriptDescription
        case .notBase58, .base58Checksum, .base58Length, .privateKey, .unknownVersion: self.base58Description
        default: self.bech32Description
        }
    }

    private var scriptDescription: String {
        switch self {
        case .hexIsNoScript(let byteCount):
            "is \(byteCount) bytes in hex, which look like a hash or a public key and not like an output script; "
                + "write the address, or script: in front if it is a script"
        case .scriptTooLong(let limit): "is a script of more than \(limit) bytes"
        default: "is not an even number of hex digits after script:"
        }
    }

    private var base58Description: String {
        switch self {
        case .notBase58(let scalar):
            "is neither hex nor an address: \(Self.quoted(scalar)) does not occur in base58, "
                + "and it begins with none of \(Self.knownPrefixes)"
        case .base58Length(let count):
            "is no address: it holds \(count) bytes instead of a version and the 20 of a hash"
        case .privateKey: "is a private key; write its address, and treat the key as stolen if others can read this"
        case .unknownVersion(let version):
            "has the version \(version), which is of no coin that is known here; "
                + "write script: and the output script in hex"
        default: "has a wrong checksum: a character is wrong, missing or added"
        }
    }

    private var bech32Description: String {
        switch self {
        case .notBech32(let scalar): "contains \(Self.quoted(scalar)), which does not occur in bech32 addresses"
        case .mixedCase: "mixes upper and lower case, which bech32 addresses never do; copy it again, in lower case"
        case .incompleteBech32: "ends too early for a bech32 address"
        case .unknownPrefix(let prefix):
            "begins with \(prefix)1, which is of no coin that is known here (\(Self.knownPrefixes)); "
                + "write script: and the output script in hex"
        case .witnessVersion(let version): "has the witness version \(version); there are 0 to 16"
        case .wrongChecksum(let version) where version == 0:
            "has witness version 0 and the checksum of bech32m; version 0 has that of bech32"
        case .wrongChecksum(let version):
            "has witness version \(version) and the checksum of bech32; versions from 1 have that of bech32m"
        case .padding: "has bits left over at its end, which a bech32 address has not"
        case .witnessProgramLength(let version, let count) where version == 0:
            "has a witness program of \(count) bytes; version 0 has 20 or 32"
        case .witnessProgramLength(_, let count): "has a witness program of \(count) bytes; there are 2 to 40"
        default: "has a wrong checksum: a character is wrong, missing or added"
        }
    }

    private static var knownPrefixes: String {
        PayoutNetwork.all.compactMap { $0.segwitPrefix.map { $0 + "1" } }.joined(separator: ", ")
    }

    private static func quoted(_ scalar: Unicode.Scalar) -> String {
        "'" + scalar.escaped(asASCII: true) + "'"
    }
}

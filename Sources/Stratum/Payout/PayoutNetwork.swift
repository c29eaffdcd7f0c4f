/// How the addresses of one chain are written.
///
/// The table has the chains whose miners speak Stratum V1 and whose addresses are those of Bitcoin under other numbers.
/// Groestlcoin has another checksum for its base58 addresses, so only its segwit addresses are known here. Bitcoin Cash
/// is written in its legacy form, which is Bitcoin's.
public struct PayoutNetwork: Sendable, Hashable {
    /// For messages.
    public var name: String
    /// What segwit addresses begin with, before their 1; nil if there are none.
    public var segwitPrefix: String?
    /// The version of base58 addresses that pay to the hash of a public key; nil if they are not known here.
    public var publicKeyHashVersion: UInt8?
    /// The version of base58 addresses that pay to the hash of a script; nil if they are not known here.
    public var scriptHashVersion: UInt8?

    /// Bitcoin's main network; Bitcoin Cash has its base58 versions.
    public static let bitcoin = PayoutNetwork("Bitcoin", "bc", 0x00, 0x05)

    /// All networks we know. Of those with the same version or prefix the first is taken.
    public static let all: [PayoutNetwork] = [
        .bitcoin,
        // Signet and Testnet 3 and 4 alike.
        PayoutNetwork("Bitcoin's test networks", "tb", 0x6F, 0xC4),
        PayoutNetwork("Bitcoin regtest", "bcrt", 0x6F, 0xC4),
        // Addresses of version 0x05, which Litecoin had before, are taken for Bitcoin's: the script is the same.
        PayoutNetwork("Litecoin", "ltc", 0x30, 0x32),
        PayoutNetwork("Litecoin testnet", "tltc", 0x6F, 0x3A),
        PayoutNetwork("Litecoin regtest", "rltc", 0x6F, 0x3A),
        PayoutNetwork("Dogecoin", nil, 0x1E, 0x16),
        PayoutNetwork("Dogecoin testnet", nil, 0x71, 0xC4),
        PayoutNetwork("Dash", nil, 0x4C, 0x10),
        PayoutNetwork("Dash testnet", nil, 0x8C, 0x13),
        PayoutNetwork("DigiByte", "dgb", 0x1E, 0x3F),
        PayoutNetwork("DigiByte testnet", "dgbt", nil, nil),
        PayoutNetwork("Vertcoin", "vtc", 0x47, 0x05),
        PayoutNetwork("Vertcoin testnet", "tvtc", 0x4A, 0xC4),
        PayoutNetwork("Groestlcoin", "grs", nil, nil),
        PayoutNetwork("Groestlcoin testnet", "tgrs", nil, nil),
    ]

    private init(_ name: String, _ segwitPrefix: String?, _ publicKeyHash: UInt8?, _ scriptHash: UInt8?) {
        self.name = name
        self.segwitPrefix = segwitPrefix
        self.publicKeyHashVersion = publicKeyHash
        self.scriptHashVersion = scriptHash
    }
}

import NIOCore

/// An output that an operator expects in the coinbase.
public struct PayoutAddress: Sendable, Hashable {
    /// The most bytes of a script we take; nodes refuse to run longer ones.
    public static let maximumScriptCount = 10_000

    /// As it was written.
    public let text: String
    /// What the output has as its script.
    public let script: [UInt8]
    /// Whose address it is; nil if a script was written. Where networks share a version it is the first of them.
    public let network: PayoutNetwork?

    /// Takes a base58 or bech32 address of a network in `PayoutNetwork.all`, or `script:` and an output script in hex.
    /// The hex digits may stand alone if they cannot be meant as a hash or a public key.
    public init(parsing text: String) throws(PayoutAddressError) {
        self.text = text
        if let script = try Self.script(text) {
            self.script = script
            self.network = nil
            return
        }
        let segwit = try Self.segwit(text)
        let (output, network) = if let segwit { segwit } else { try Self.base58(text) }
        self.script = output.script
        self.network = network
    }

    /// The script that is written in hex; nil if the text can only be an address.
    private static func script(_ text: String) throws(PayoutAddressError) -> [UInt8]? {
        guard !text.isEmpty else {
            throw .empty
        }
        if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
            let scheme = text.unicodeScalars[..<colon]
            switch String(scheme).lowercased() {
            case "script": return try Self.bytes(hex: String(text.unicodeScalars[colon...].dropFirst()))
            case "bitcoincash", "bchtest", "bchreg", "ecash": throw .cashAddress
            default: throw .unknownScheme(scheme.prefix(20).map { $0.escaped(asASCII: true) }.joined())
            }
        }
        let digits = Hex.withoutPrefix(text.utf8)
        guard digits.allSatisfy({ Hex.integer(CollectionOfOne($0), maximumDigits: 1) != nil }) else {
            return nil
        }
        let script = try Self.bytes(hex: text)
        switch (script.count, script.first) {
        case (20, _), (32, _), (33, 2), (33, 3), (65, 4): throw .hexIsNoScript(byteCount: script.count)
        default: return script
        }
    }

    private static func bytes(hex: String) throws(PayoutAddressError) -> [UInt8] {
        guard hex.utf8.count / 2 <= Self.maximumScriptCount else {
            throw .scriptTooLong(limit: Self.maximumScriptCount)
        }
        guard let bytes = Hex.decode(hex, maximumCount: Self.maximumScriptCount), !bytes.isEmpty else {
            throw .notHex
        }
        return bytes
    }

    /// Nil if the text does not begin like a segwit address and is no other text of bech32.
    private static func segwit(_ text: String) throws(PayoutAddressError) -> (OutputTemplate, PayoutNetwork)? {
        let lower = text.lowercased()
        let network = PayoutNetwork.all.first { network in
            network.segwitPrefix.map { lower.hasPrefix($0 + "1") } ?? false
        }
        if let network {
            let address = try Bech32(parsing: text)
            guard address.prefix == network.segwitPrefix else {
                throw .unknownPrefix(address.prefix)
            }
            return (try OutputTemplate(segwit: address), network)
        }
        if let other = try? Bech32(parsing: text) {
            throw .unknownPrefix(other.prefix)
        }
        guard !Bech32.isBareCashAddress(lower) else {
            throw .cashAddress
        }
        return nil
    }

    private static func base58(_ text: String) throws(PayoutAddressError) -> (OutputTemplate, PayoutNetwork) {
        let payload = try Base58Check.decode(text)
        guard let version = payload.first, payload.count == 21 else {
            // A private key is 32 bytes behind a version, and one more if its public key is a compressed one.
            throw payload.count == 33 || payload.count == 34 ? .privateKey : .base58Length(payload.count)
        }
        let hash = Array(payload.dropFirst())
        if let network = PayoutNetwork.all.first(where: { $0.publicKeyHashVersion == version }) {
            return (.publicKeyHash(hash), network)
        }
        if let network = PayoutNetwork.all.first(where: { $0.scriptHashVersion == version }) {
            return (.scriptHash(hash), network)
        }
        throw .unknownVersion(version)
    }

    /// The address that `script` pays to on `network`; if it has none, the script in hex, of which at most 80 digits.
    public static func describe(script: [UInt8], on network: PayoutNetwork = .bitcoin) -> String {
        guard !script.isEmpty else {
            return "empty script"
        }
        if let address = OutputTemplate(script: script)?.address(on: network) {
            return address
        }
        var digits = ByteBuffer()
        Hex.append(script.prefix(40), to: &digits)
        return String(buffer: digits) + (script.count > 40 ? "…" : "")
    }
}

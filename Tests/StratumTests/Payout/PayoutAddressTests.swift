import Stratum
import Testing

@Suite struct PayoutAddressTests {
    private static let hash = "751e76e8199196d454941c45d1b3a323f1433bd6"

    @Test(arguments: [
        // From the tests of Bitcoin Core, Litecoin, Dogecoin and DashKeys.js.
        ("1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo", "Bitcoin", "76a914a31c06bd463e3923bc1aadbde48b16976c08071788ac"),
        ("36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm", "Bitcoin", "a914373b819a068f32b7a6b38b6b38729647cfde01c287"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "Bitcoin", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"),
        (
            "mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", "Bitcoin's test networks",
            "76a914ce28b26c57472737f5c3561a1761185bd8589a4388ac"
        ),
        (
            "2NC2hEhe28ULKAJkW5MjZ3jtTMJdvXmByvK", "Bitcoin's test networks",
            "a914ce0bba75891ff9ec60148d4bd4a09ee2dc5c933187"
        ),
        ("LT2KVaAy1ppRuxRgrS5RNU3vBsy7RibPeA", "Litecoin", "76a914558dbca7118cd5894502767c7b2ffc21a22f54db88ac"),
        ("MHrYRxAiMNBTku3eoDHwhA1LQGDjUStZW2", "Litecoin", "a9146d328a5b2a20d943a641c8d29b6cc3c2d2df85d387"),
        ("QXaUgLHkZcbJb2j5XgMYzY8cF9YM48Y81Z", "Litecoin testnet", "a9147860667e60a6545e18e541984094b29c9c46991b87"),
        ("DD4KSSuBJqcjuTcvUg1CgUKeurPUFeEZkE", "Dogecoin", "76a91456d9b1d684d5abef32134ebc6883d75d3a53e9be88ac"),
        ("A7HRQk3GFCW2QasvdZxXuYj8kkQK5QrYLs", "Dogecoin", "a914a2dd71f34fe73314d6e37c44035513f203aa400b87"),
        (
            "nhRsrUaxZou6sewjqaS37cJrMRJRgwVXdk", "Dogecoin testnet",
            "76a9149131c29384f000c0d651660eefaf1717c8ca185588ac"
        ),
        ("XrZJJfEKRNobcuwWKTD3bDu8ou7XSWPbc9", "Dash", "76a914ae14c8728915b492d9d77813bd8fddd91ce7094888ac"),
        // Written by other code for the hash of the key in BIP 173.
        ("7d5vJtfDixGnEFRNcVSRarmaCBZeScHACn", "Dash", "a914\(hash)87"),
        ("yWziQMcwmKjRdzi7eWjwiQX8EjWcd6dSg6", "Dash testnet", "76a914\(hash)88ac"),
        ("8q6jGDZ5rVfQgYqdgkSP3Eaw5hLUXD8Nyi", "Dash testnet", "a914\(hash)87"),
        ("SXyGazfm6S3xfcySmD6QNkZYmtfysC2jvc", "DigiByte", "a914\(hash)87"),
        ("Vkg6Ts44mskyD668xZkxFkjqovjXX9yUzZ", "Vertcoin", "76a914\(hash)88ac"),
        ("WxguRBwvuR9bfPWQ2pkui8ZChSWMcZQtfF", "Vertcoin testnet", "76a914\(hash)88ac"),
    ])
    func base58AddressHasItsScript(text: String, network: String, script: String) throws {
        let address = try PayoutAddress(parsing: text)
        #expect(hex(address.script) == script)
        #expect(address.network?.name == network)
        #expect(address.text == text)
        #expect(PayoutAddress.describe(script: address.script, on: try #require(address.network)) == text)
    }

    @Test(arguments: [
        ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
        (
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
            "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"
        ),
        (
            "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
            "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6"
        ),
        ("BC1SW50QGDZ25J", "6002751e"),
        ("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "5210751e76e8199196d454941c45d1b3a323"),
        (
            "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
            "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"
        ),
        (
            "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
            "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"
        ),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        ),
    ])
    func segwitAddressOfBIP350HasItsScript(text: String, script: String) throws {
        #expect(hex(try PayoutAddress(parsing: text).script) == script)
    }

    @Test(arguments: [
        // BIP 173
        ("tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty", PayoutAddressError.unknownPrefix("tc")),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", .bech32Checksum),
        ("BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2", .witnessVersion(17)),
        ("bc1rw5uspcuh", .wrongChecksum(version: 3)),
        (
            "bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90",
            .wrongChecksum(version: 15)
        ),
        ("BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", .witnessProgramLength(version: 0, byteCount: 16)),
        ("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7", .mixedCase),
        ("bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du", .wrongChecksum(version: 2)),
        ("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv", .padding),
        ("bc1gmk9yu", .incompleteBech32),
        // Valid in BIP 173, which BIP 350 amends
        (
            "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx",
            .wrongChecksum(version: 1)
        ),
        ("BC1SW50QA3JX3S", .wrongChecksum(version: 16)),
        ("bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj", .wrongChecksum(version: 2)),
        // BIP 350
        ("tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut", .unknownPrefix("tc")),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", .wrongChecksum(version: 1)),
        ("tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf", .wrongChecksum(version: 2)),
        ("BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", .wrongChecksum(version: 16)),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", .wrongChecksum(version: 0)),
        ("tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47", .wrongChecksum(version: 0)),
        ("bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", .notBech32("o")),
        ("BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", .witnessVersion(17)),
        ("bc1pw5dgrnzv", .witnessProgramLength(version: 1, byteCount: 1)),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
            .witnessProgramLength(version: 1, byteCount: 41)
        ),
        ("tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq", .mixedCase),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", .padding),
        ("tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j", .padding),
    ])
    func invalidSegwitAddressIsRefusedForItsReason(text: String, error: PayoutAddressError) {
        #expect(throws: error) { try PayoutAddress(parsing: text) }
    }

    @Test(arguments: [
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "Bitcoin"),
        ("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "Bitcoin's test networks"),
        ("ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", "Litecoin"),
        ("tltc1qw508d6qejxtdg4y5r3zarvary0c5xw7klfsuq0", "Litecoin testnet"),
        ("rltc1qw508d6qejxtdg4y5r3zarvary0c5xw7k693xs3", "Litecoin regtest"),
        ("dgb1qw508d6qejxtdg4y5r3zarvary0c5xw7kmudfnm", "DigiByte"),
        ("dgbt1qw508d6qejxtdg4y5r3zarvary0c5xw7kwk83wk", "DigiByte testnet"),
        ("vtc1qw508d6qejxtdg4y5r3zarvary0c5xw7kuk9r06", "Vertcoin"),
        ("tvtc1qw508d6qejxtdg4y5r3zarvary0c5xw7ktyx2us", "Vertcoin testnet"),
        ("grs1qw508d6qejxtdg4y5r3zarvary0c5xw7k3k4sj5", "Groestlcoin"),
        ("tgrs1qw508d6qejxtdg4y5r3zarvary0c5xw7kxykep7", "Groestlcoin testnet"),
    ])
    func prefixTellsTheNetwork(text: String, network: String) throws {
        let address = try PayoutAddress(parsing: text)
        #expect(address.network?.name == network)
        #expect(hex(address.script) == "0014" + Self.hash)
        #expect(PayoutAddress.describe(script: address.script, on: try #require(address.network)) == text)
    }

    @Test func regtestAddressIsNotTakenForBitcoins() throws {
        let address = try PayoutAddress(parsing: "bcrt1qdavt4j2sd7dlhqsavtnfxvzppw6k7qy97tmnu9")
        #expect(address.network?.name == "Bitcoin regtest")
        #expect(hex(address.script) == "00146f58bac9506f9bfb821d62e69330410bb56f0085")
    }

    @Test(arguments: [
        ("script:6a", "6a"), ("SCRIPT:0x6A", "6a"), ("script:\(hash)", hash), ("0014\(hash)", "0014\(hash)"),
        ("0x76a914\(hash)88AC", "76a914\(hash)88ac"),
    ])
    func hexIsTheScript(text: String, script: String) throws {
        let address = try PayoutAddress(parsing: text)
        #expect(hex(address.script) == script)
        #expect(address.network == nil)
    }

    @Test(arguments: [
        ("", PayoutAddressError.empty), ("script:", .notHex), ("script:0", .notHex), ("script:0g", .notHex),
        ("0x", .notHex), ("001", .notHex), ("script:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", .notHex),
        (hash, .hexIsNoScript(byteCount: 20)),
        (String(repeating: "0a", count: 32), .hexIsNoScript(byteCount: 32)),
        ("02" + String(repeating: "0a", count: 32), .hexIsNoScript(byteCount: 33)),
        ("04" + String(repeating: "0a", count: 64), .hexIsNoScript(byteCount: 65)),
        (String(repeating: "00", count: 10_001), .scriptTooLong(limit: 10_000)),
        ("bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", .unknownScheme("bitcoin")),
        ("a\nb:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", .unknownScheme("a\\nb")),
        ("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", .cashAddress),
        ("qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", .cashAddress),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", .base58Checksum),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN", .base58Checksum),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7Div0Na", .notBase58("0")),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN\u{E9}", .notBase58("\u{E9}")),
        (" 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", .notBase58(" ")),
        ("13RJa7YdZQz3JHotw6gx1sco2AAPDrMZM", .base58Length(20)),
        (
            "xpub67tveswHWck42BjQvqWunHspcdToRkXwfDcUe9CKurox97iY5BQDQ2qMMeMM8y1d4twkDXjEUVKFmGhYkKWjpp42UQEQ9qXDPrfYv"
                + "ySqcXk", .base58Length(78)
        ),
        ("5JuW2AMDYu4xVwRG9DZW18VbzQrGcd5RCgb99sS6ehJsNQXu5b9", .privateKey),
        ("L5nJeqKmpHp4P7F8ZYyjwc5a7P4d8EabuGAzfGJk7yC1BJyzNaEd", .privateKey),
        ("PKGSi8HTQzLx89rkZrRrVkPFjrcSC55NP9", .unknownVersion(0x37)),
        (String(repeating: "z", count: 129), .tooLong(limit: 128)),
        ("nc1qw508d6qejxtdg4y5r3zarvary0c5xw7kttkktk", .unknownPrefix("nc")),
    ])
    func otherTextIsRefusedForItsReason(text: String, error: PayoutAddressError) {
        #expect(throws: error) { try PayoutAddress(parsing: text) }
    }

    @Test(arguments: [
        (PayoutAddressError.cashAddress, "legacy form"),
        (.unknownVersion(0x37), "version 55"),
        (.unknownPrefix("nc"), "bc1, tb1, bcrt1, ltc1"),
        (.hexIsNoScript(byteCount: 20), "script: in front"),
        (.notBase58("\u{7}"), "'\\u{07}'"),
        (.wrongChecksum(version: 0), "version 0 has that of bech32"),
        (.wrongChecksum(version: 1), "versions from 1 have that of bech32m"),
        (.witnessProgramLength(version: 0, byteCount: 16), "version 0 has 20 or 32"),
        (.witnessProgramLength(version: 2, byteCount: 41), "there are 2 to 40"),
        (.privateKey, "private key"),
        (.scriptTooLong(limit: 10), "more than 10 bytes"),
        (.notHex, "even number of hex digits"),
        (.base58Checksum, "wrong checksum"), (.bech32Checksum, "wrong checksum"),
    ])
    func messageSaysWhatIsWrong(error: PayoutAddressError, part: String) {
        #expect(error.description.contains(part))
    }

    @Test(arguments: [
        ("0014\(hash)", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        (
            "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
            "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3"
        ),
        (
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"
        ),
        ("76a914\(hash)88ac", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"),
        ("a914\(hash)87", "3CNHUhP3uyB9EUtRLsmvFUmvGdjGdkTxJw"),
        // Near misses, and what has no address.
        ("76a914\(hash)88ad", "76a914\(hash)88ad"),
        ("a914\(hash)8700", "a914\(hash)8700"),
        ("0015\(hash)", "0015\(hash)"),
        ("5114\(hash)", "5114\(hash)"),
        ("51024e73", "51024e73"),
        ("", "empty script"),
        (String(repeating: "ab", count: 40), String(repeating: "ab", count: 40)),
        (String(repeating: "ab", count: 41), String(repeating: "ab", count: 40) + "…"),
    ])
    func scriptIsDescribedByItsAddressOrInHex(script: String, text: String) {
        #expect(PayoutAddress.describe(script: bytes(script)) == text)
    }

    @Test func scriptWithoutAddressOnTheNetworkIsDescribedInHex() throws {
        let dogecoin = try #require(PayoutNetwork.all.first { $0.name == "Dogecoin" })
        #expect(PayoutAddress.describe(script: bytes("0014" + Self.hash), on: dogecoin) == "0014" + Self.hash)
    }
}

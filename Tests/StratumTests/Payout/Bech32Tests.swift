import Stratum
import Testing

/// The vectors of BIP 173 and BIP 350 for strings of any prefix.
@Suite struct Bech32Tests {
    @Test(arguments: [
        "A12UEL5L",
        "a12uel5l",
        "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
        "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
        "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
        "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
        "?1ezyfcl",
    ])
    func stringsOfBIP173AreReadAndWritten(text: String) throws {
        let string = try Bech32(parsing: text)
        #expect(string.checksum == .bech32)
        #expect(string.text == text.lowercased())
    }

    @Test(arguments: [
        "A1LQFN3A",
        "a1lqfn3a",
        "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
        "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
        "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
        "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
        "?1v759aa",
    ])
    func stringsOfBIP350AreReadAndWritten(text: String) throws {
        let string = try Bech32(parsing: text)
        #expect(string.checksum == .bech32m)
        #expect(string.text == text.lowercased())
    }

    @Test(arguments: [
        ("\u{20}1nwldj5", PayoutAddressError.notBech32(" ")),
        ("\u{7F}1axkwrx", .notBech32("\u{7F}")),
        ("\u{80}1eym55h", .notBech32("\u{80}")),
        (
            "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx",
            .tooLong(limit: 90)
        ),
        ("pzry9x0s0muk", .incompleteBech32),
        ("1pzry9x0s0muk", .incompleteBech32),
        ("x1b4n0q5v", .notBech32("b")),
        ("li1dgmt3", .incompleteBech32),
        ("de1lg7wt\u{FF}", .notBech32("\u{FF}")),
        ("A1G7SGD8", .bech32Checksum),
        ("10a06t8", .incompleteBech32),
        ("1qzzfhee", .incompleteBech32),
        ("\u{20}1xj0phk", .notBech32(" ")),
        ("\u{7F}1g6xzxy", .notBech32("\u{7F}")),
        ("\u{80}1vctc34", .notBech32("\u{80}")),
        (
            "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4",
            .tooLong(limit: 90)
        ),
        ("qyrz8wqd2c9m", .incompleteBech32),
        ("1qyrz8wqd2c9m", .incompleteBech32),
        ("y1b0jsk6g", .notBech32("b")),
        ("lt1igcx5c0", .notBech32("i")),
        ("in1muywd", .incompleteBech32),
        ("mm1crxm3i", .notBech32("i")),
        ("au1s5cgom", .notBech32("o")),
        ("M1VUXWEZ", .bech32Checksum),
        ("16plkw9", .incompleteBech32),
        ("1p2gdwpf", .incompleteBech32),
    ])
    func invalidStringsAreRefusedForTheirReason(text: String, error: PayoutAddressError) {
        #expect(throws: error) { try Bech32(parsing: text) }
    }

    @Test func everyWrongCharacterIsNoticed() {
        let valid = Array("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")
        for index in valid.indices.dropFirst(3) {
            for character in "qpzry9x8gf2tvdw0s3jn54khce6mua7l" where character != valid[index] {
                var text = valid
                text[index] = character
                #expect(throws: PayoutAddressError.bech32Checksum, "\(index)") { try Bech32(parsing: String(text)) }
            }
        }
    }
}

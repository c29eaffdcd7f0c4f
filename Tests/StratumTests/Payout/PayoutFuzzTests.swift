import Stratum
import Testing

/// Whatever a pool or an operator writes leads to a value or an error, and what is taken is understood.
@Suite struct PayoutFuzzTests {
    private static let coinbases: [(part1: [UInt8], part2: [UInt8])] = [
        (
            TestCoinbase.part1,
            TestCoinbase.part2([(5_000_000_000, TestCoinbase.script(1)), (0, bytes("6a0401020304"))])
        ),
        (
            bytes("01000000d7e4026b01" + String(repeating: "00", count: 32) + "ffffffff" + "10" + "03350100"),
            TestCoinbase.part2(paying: [TestCoinbase.script(1), [], TestCoinbase.script(2)]) + bytes("0102030405")
        ),
    ]

    private static let fragments = ["fd", "fe", "ff", "fdffff", "feffffffff", "ffffffffffffffffff", "00", "01", "6a"]
        .map(bytes)

    private static let addresses = [
        "1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo", "36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm",
        "LT2KVaAy1ppRuxRgrS5RNU3vBsy7RibPeA", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "script:6a0401020304",
        "0x0014751e76e8199196d454941c45d1b3a323f1433bd6", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        "é1\u{301}:\u{0}",
    ].map { Array($0.utf8) }

    @Test(arguments: [0xC01B_0001, 0xC01B_0002, 0xC01B_0003] as [UInt64])
    func mutatedCoinbasesAreValuesOrErrors(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var state = PayoutGuardState()
        for round in 0..<5_000 {
            let original = Self.coinbases.randomElement(using: &generator) ?? ([], [])
            let part1 = generator.mutate(original.part1, with: Self.fragments)
            let part2 = generator.mutate(original.part2, with: Self.fragments)
            let count = Bool.random(using: &generator) ? 12 : Int.random(in: -1...80, using: &generator)
            let comment: Comment = "seed \(seed), round \(round): \(hex(part1)) \(count) \(hex(part2))"
            let finding = state.received(
                coinbase1: part1, extranonceCount: count, coinbase2: part2, expected: [TestCoinbase.script(1)]
            )
            do {
                let coinbase = try CoinbaseOutputs(coinbase1: part1, extranonceCount: count, coinbase2: part2)
                Self.check(coinbase, finding, comment)
            } catch {
                #expect(!error.description.isEmpty, comment)
            }
        }
    }

    private static func check(_ coinbase: CoinbaseOutputs, _ finding: PayoutGuardState.Finding?, _ comment: Comment) {
        let paid = coinbase.payoutScripts
        #expect(Set(paid).count == paid.count, comment)
        let payouts = coinbase.outputs.filter { $0.value > 0 && !$0.containsExtranonce && !$0.isData }
        #expect(Set(payouts.map(\.script)) == Set(paid), comment)
        switch finding {
        case .changed(let before, let after):
            #expect(after == paid && Set(before) != Set(after), comment)
        case .unexpected(let scripts):
            #expect(Set(scripts).isSubset(of: paid + coinbase.openPayoutScripts) && !scripts.isEmpty, comment)
        case .unreadable:
            Issue.record(comment)
        case nil:
            break
        }
    }

    @Test(arguments: [0xADD2_0001, 0xADD2_0002, 0xADD2_0003] as [UInt64])
    func mutatedAddressesAreValuesOrErrors(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<5_000 {
            let original = Self.addresses.randomElement(using: &generator) ?? []
            let bytes = generator.mutate(original, with: Self.addresses)
            let text = String(decoding: bytes, as: UTF8.self)
            let comment: Comment = "seed \(seed), round \(round): \(text.debugDescription)"
            do {
                let address = try PayoutAddress(parsing: text)
                let described = PayoutAddress.describe(script: address.script, on: address.network ?? .bitcoin)
                guard address.network != nil else {
                    continue
                }
                #expect(described == text || described == text.lowercased(), comment)
            } catch {
                #expect(!error.description.isEmpty, comment)
            }
        }
    }

    @Test(arguments: [0x5C21_0001, 0x5C21_0002] as [UInt64])
    func describedScriptsAreReadBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<1_000 {
            let hash = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let zeros: [UInt8] = Array(repeating: 0, count: Int.random(in: 0...2, using: &generator))
            let hash20 = zeros + hash.prefix(20 - zeros.count)
            let scripts: [[UInt8]] = [
                bytes("76a914") + hash20 + bytes("88ac"), bytes("a914") + hash20 + [0x87],
                bytes("0014") + hash20, bytes("0020") + hash, bytes("5120") + hash,
            ]
            let script = scripts.randomElement(using: &generator) ?? []
            let network = PayoutNetwork.all.randomElement(using: &generator) ?? .bitcoin
            let text = PayoutAddress.describe(script: script, on: network)
            #expect(try PayoutAddress(parsing: text).script == script, "seed \(seed), round \(round): \(text)")
        }
    }
}

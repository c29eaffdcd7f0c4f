import Configuration
import PoolPool
import Router
import Testing

/// Whatever stands in the file: a clear error, soon.
@Suite struct HostileDocumentTests {
    @Test(arguments: [
        ("", "1:1: the file is empty"),
        ("\n\n# nothing\n", "1:1: the file is empty"),
        ("~", "1:1: the file is empty"),
        ("just words", "1:1: the file: keys and values are needed"),
        ("- a\n- b", "1:1: the file: keys and values are needed"),
        ("{}", "1:1: the file: routes is missing"),
        ("routes: []", "1:9: routes: the list is empty"),
        ("routes:\n", "1:1: the file: routes is missing"),
        ("routes:\n\t- name: a", "indent with spaces, not with tabs"),
        ("routes: [", "2:1: "),
        ("routes: a: b", "1:10: "),
        ("log: { level: \"info }", "1:"),
        ("a: 1\n---\nb: 2", "2:1: "),
        ("routes:\n  - listen:\n      - address: [::]:3333", "put an address in brackets in quotes"),
        ("log: \u{1}", "1:6: the character U+1 has no place"),
        ("log: \u{e1ff}", "1:6: the character U+E1FF has no place"),
        ("log: *nothing", "1:6: this alias refers to nothing"),
        ("log: &a *a", "1:6: "),
        ("log: &a { level: *a }", "level: a single value is needed"),
    ])
    func documentIsRefused(text: String, problem: String) {
        let problems = Files().problems(text)
        #expect(problems.contains { $0.contains(problem) }, "\(problems)")
    }

    @Test func bytesThatAreNoTextAreRefused() {
        let errors = #expect(throws: ConfigurationErrors.self) {
            try ConfigurationLoader.load(
                bytes: [0x61, 0x3a, 0x0a, 0x62, 0xff, 0xfe], file: "f", environment: [:],
                readFile: ConfigurationLoader.readFile
            )
        }
        #expect(errors?.description == "f:2:2: this is no text in UTF-8; is it the right file?")
    }

    @Test func byteOrderMarkIsNoMistake() {
        #expect(Files().problems("\u{feff}" + document()).isEmpty)
    }

    @Test func windowsLineEndsAreNoMistake() {
        let text = document(pool: "weight: 1\nweight: 2").replacing("\n", with: "\r\n")
        #expect(Files().problems(text) == ["9:9: weight: stands here twice, first in line 8; keep one"])
    }

    @Test func largeFileIsRefused() {
        let text = String(repeating: "# padding\n", count: 1 << 20)
        #expect(Files().problems(text) == ["1:1: the file is larger than 1MiB; it is no configuration"])
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "[[a, ", "&a [", "!!seq ["])
    func deepNestingIsRefused(opening: String) {
        let problems = Files().problems(String(repeating: opening, count: 100_000))
        #expect(problems.count == 1)
    }

    @Test func nestingBelowTheParsersLimitIsRefusedBySchema() {
        let text = "routes: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        #expect(Files().problems(text).count == 1)
    }

    /// 9 levels of 9 aliases: a thousand million million values.
    @Test(arguments: [
        "routes: *a8", "*a8 : 1", "? *a8\n: 1", "log: { [*a8, *a8]: 1 }", "log: { *a8 }", "? [*a8,\n  *a8]\n: 1",
    ])
    func aliasesOfAliasesDoNotTakeLong(end: String) {
        let levels = (1...8).map { level in
            "x\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]"
        }
        let text = (["x0: &a0 [1]"] + levels + [end]).joined(separator: "\n")
        #expect(!Files().problems(text).isEmpty)
    }

    @Test func aliasesOfListsAreCounted() {
        let listen = Array(repeating: "*address", count: 3000).joined(separator: ", ")
        let routes = Array(repeating: "*route", count: 3000).joined(separator: ", ")
        let text = """
            log: &address { address: a:1 }
            routes: [&route { name: a, listen: [\(listen)], pools: [] }, \(routes)]
            """
        let problems = Files().problems(text)
        #expect(problems.contains { $0.contains("more than 50000 values, with all aliases followed") })
    }

    @Test func aliasStandsForItsValue() throws {
        let text = document(pool: "password: &secret geheim*\nuser: *secret", rest: "log: { level: info } # *")
        #expect(try Files().load(text).routes.first?.pools.first?.user == "geheim*")
    }

    @Test func manyRepeatedKeysAreRefused() {
        let text = "routes:\n" + String(repeating: "name: a\n", count: 2000)
        #expect(Files().problems(text).count == 1)
    }

    @Test func longValueIsRefused() {
        let problems = Files().problems(document(pool: "user: \(String(repeating: "a", count: 5000))"))
        #expect(problems.count == 1)
        #expect(problems.allSatisfy { $0.contains("longer than 4096 bytes") && $0.utf8.count < 200 })
    }

    @Test(arguments: 0..<20)
    func mutatedConfigurationNeverTraps(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let seeds = [
            StarterConfiguration.text, document(route: "vardiff: &v { minimum: 1 }", rest: "log: { level: info }"),
            document(
                route: """
                    pins:
                      - { worker: "a*?", network: 10.1.2.3/15, pools: [primary, { name: primary, weight: 0 }] }
                      - { network: "fd00::1/9", listener: b, pools: [primary], strict: true }
                    balance: { moves_per_second: 5% }
                    """,
                pool: "payout: [script:51, bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4]"
            ),
        ]
        let tokens = [
            "*", "&a ", "*a", "[", "]", "{", "}", ": ", "- ", "\n", "\t", "\"", "'", "|\n", ">\n", "%", "@", "`",
            "!!str ",
            "? ", "<<: ", "${", "$$", "\u{0}", "\u{2028}", "\r", "\u{feff}", "---\n", "...\n", "#",
            "9999999999999999999", "~",
        ]
        for round in 0..<100 {
            var bytes = Array(seeds[Int.random(in: seeds.indices, using: &random)].utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let start = Int.random(in: 0...bytes.count, using: &random)
                let end = min(bytes.count, start + Int.random(in: 0...12, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    bytes.replaceSubrange(
                        start..<end, with: tokens.randomElement(using: &random).map { Array($0.utf8) } ?? []
                    )
                case 1: bytes.replaceSubrange(start..<end, with: [UInt8.random(in: .min ... .max, using: &random)])
                case 2:
                    bytes.insert(contentsOf: bytes[start..<end], at: Int.random(in: 0...bytes.count, using: &random))
                default: bytes.removeSubrange(start..<end)
                }
            }
            do throws(ConfigurationErrors) {
                _ = try ConfigurationLoader.load(
                    bytes: bytes,
                    file: "f",
                    environment: [:],
                    readFile: { _ throws(ConfigurationLoader.FileProblem) in throw .missing }
                )
            } catch {
                #expect(!error.problems.isEmpty, "seed \(seed), round \(round)")
            }
        }
    }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

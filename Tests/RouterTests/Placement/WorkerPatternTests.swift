import Router
import Testing

@Suite struct WorkerPatternTests {
    @Test(
        arguments: [
            // pattern, login, whether it matches
            ("", "", true),
            ("", "a", false),
            ("farm.1", "farm.1", true),
            ("farm.1", "farm.12", false),
            ("farm.1", "Farm.1", false),
            ("farm.*", "farm.1", true),
            ("farm.*", "farm.", true),
            ("farm.*", "farm", false),
            ("farm.*", "the farm.1", false),
            ("*", "", true),
            ("*", "anything at all", true),
            ("*.asic?", "farm.asic7", true),
            ("*.asic?", "farm.asic", false),
            ("*.asic?", "farm.asic77", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c-c", true),
            ("a*b*c", "a-c-b", false),
            ("*ab", "aab", true),
            ("*ab*", "xxaxabx", true),
            ("??", "a", false),
            ("??", "ab", true),
            ("**?", "", false),
            ("**?", "a", true),
            ("[a]", "a", false),
            ("bêta.*", "bêta.1", true),
        ]
    )
    func wildcards(pattern: String, login: String, matches: Bool) {
        #expect(WorkerPattern(pattern).matches(login) == matches)
        #expect(WorkerPattern(pattern).text == pattern)
    }

    /// A pattern that makes a careless matcher try every way to divide the name.
    @Test func manyStarsAreNoTrap() {
        let pattern = WorkerPattern(String(repeating: "a*", count: 100) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 2000)))
        #expect(pattern.matches(String(repeating: "a", count: 2000) + "b"))
    }
}

import NIOCore
import Stratum
import Testing

@Suite struct JSONValueTests {
    private static func parse(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: line(text))
    }

    private static func object(_ name: String, _ value: JSONValue) -> JSONValue {
        .object(JSONObject(members: [.init(name: name, value: value)]))
    }

    @Test(
        arguments: [
            ("null", .null), (" true\t", .bool(true)), ("false", .bool(false)),
            ("0", .integer(0)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .number(0x1p63)),
            ("-9223372036854775809", .number(-0x1p63)), ("1e3", .number(1000)),
            ("0.00050000000000000001", .number(0.0005)),
            ("1e-5", .number(1e-5)), ("1E+2", .number(100)), ("5e-324", .number(.leastNonzeroMagnitude)),
            ("1e-999", .number(0)),
            ("\"\"", .string("")), ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", .string("a\"\\/\u{08}\u{0C}\n\r\t")),
            ("\"\\u00e9\\u20AC\"", .string("é€")), ("\"\\ud83d\\ude00!\"", .string("😀!")),
            ("\"\\ud83d\"", .string("\u{FFFD}")), ("\"\\ude00\\ud83d\"", .string("\u{FFFD}\u{FFFD}")),
            ("\"\\ud83dx\"", .string("\u{FFFD}x")), ("\"\\u12\"", .string("\u{FFFD}12")), ("\"\\q\"", .string("q")),
            ("\"\ttab\"", .string("\ttab")),
            ("[]", .array([])), ("[ 1 , [ ] ]", .array([.integer(1), .array([])])),
            ("{}", .object(JSONObject())),
            ("{ \"a\" : {\"b\":[null]} }", object("a", object("b", .array([.null])))),
        ] as [(String, JSONValue)]
    )
    func valueIsRead(text: String, value: JSONValue) throws {
        #expect(try Self.parse(text) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "True", "+1", "01", "1.", ".5", "1e", "1e+", "-", "0x10", "NaN", "Infinity",
        "1e999", "-1e999", "\"", "\"abc", "\"\\", "\"\\\"", "[", "[1", "[1,", "[1,]", "[,]", "[1 2]", "{", "{\"a\"",
        "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\":1,,}", "]", "}", "1 2",
        "{}{}", "'a'", "\u{FEFF}{}",
    ])
    func malformedTextIsRefused(text: String) {
        #expect(throws: StratumError.self) { try Self.parse(text) }
    }

    @Test func nestingEndsAt32() throws {
        let deepest = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        _ = try Self.parse(deepest)
        #expect(throws: StratumError.self) { try Self.parse("[\(deepest)]") }
        #expect(throws: StratumError.self) { try Self.parse(String(repeating: "[", count: 10_000_000)) }
        #expect(throws: StratumError.self) { try Self.parse(String(repeating: "{\"a\":", count: 1_000_000)) }
    }

    @Test func endlessNumberIsRefused() {
        #expect(throws: StratumError.self) { try Self.parse(String(repeating: "9", count: 1_000_000)) }
    }

    @Test func brokenUTF8IsRepaired() throws {
        let bytes = ByteBuffer(bytes: Array("[\"a".utf8) + [0xFF, 0xC3] + Array("\"]".utf8))
        #expect(try JSONValue(parsing: bytes) == .array([.string("a\u{FFFD}\u{FFFD}")]))
    }

    @Test func errorTellsWhere() {
        #expect(throws: StratumError.malformedJSON(at: 5, what: "value expected")) { try Self.parse("[1,2,nil]") }
    }

    @Test func lastOfRepeatedMembersCounts() throws {
        #expect(try Self.parse("{\"a\":1,\"a\":2}").object?["a"] == .integer(2))
    }
}

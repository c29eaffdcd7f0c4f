import NIOCore
import Stratum
import Testing

@Suite struct MinerMessageTests {
    private static func decode(_ text: String) throws -> (id: MessageID, request: MinerRequest) {
        guard case .request(let id, let request) = try MinerMessage.decode(line(text)) else {
            throw UnexpectedMessage()
        }
        return (id, request)
    }

    private struct UnexpectedMessage: Error {}

    @Test(arguments: [
        ("mining.subscribe", "[]", #"subscribe(userAgent: "", sessionID: nil)"#),
        ("mining.subscribe", "{}", #"subscribe(userAgent: "", sessionID: nil)"#),
        ("mining.subscribe", "null", #"subscribe(userAgent: "", sessionID: nil)"#),
        ("mining.subscribe", #"["a/1.0"]"#, #"subscribe(userAgent: "a/1.0", sessionID: nil)"#),
        ("mining.subscribe", #"["a/1.0","5a"]"#, #"subscribe(userAgent: "a/1.0", sessionID: Optional("5a"))"#),
        ("mining.subscribe", #"["a",null,"host",3333]"#, #"subscribe(userAgent: "a", sessionID: nil)"#),
        ("mining.subscribe", #"["a",""]"#, #"subscribe(userAgent: "a", sessionID: nil)"#),
        ("mining.authorize", #"["u.w","x"]"#, #"authorize(user: "u.w", password: "x")"#),
        ("mining.authorize", #"["u.w"]"#, #"authorize(user: "u.w", password: "")"#),
        ("mining.authorize", #"["u.w",null]"#, #"authorize(user: "u.w", password: "")"#),
        ("mining.authorize", #"["u.w",123]"#, #"authorize(user: "u.w", password: "123")"#),
        ("mining.authorize", "[]", #"authorize(user: "", password: "")"#),
        ("mining.authorize", "[[]]", #"malformed(method: "mining.authorize", reason: "user is not a string")"#),
        ("mining.extranonce.subscribe", "[]", "extranonceSubscribe"),
        ("mining.suggest_difficulty", "[1024]", "suggestDifficulty(1024.0)"),
        ("mining.suggest_difficulty", "[0.5]", "suggestDifficulty(0.5)"),
        ("mining.suggest_difficulty(1000)", "[]", "suggestDifficulty(1000.0)"),
        ("mining.suggest_target", "[\"00000000ffff\(String(repeating: "0", count: 52))\"]", "suggestTarget(1.0)"),
        ("mining.multi_version", "[4]", "multiVersion"),
        ("mining.capabilities", #"[{"notify":[],"set_difficulty":{}}]"#, "capabilities"),
        ("mining.get_transactions", #"["5"]"#, "getTransactions"),
        ("mining.hashes_done", #"["u",1.5,100]"#, "hashesDone"),
        ("mining.ping", "[]", "ping"),
        ("mining.term", "[]", #"unknown(method: "mining.term")"#),
        ("mining.suggest_difficulty(", "[]", #"unknown(method: "mining.suggest_difficulty(")"#),
    ])
    func requestIsRecognised(method: String, params: String, expected: String) throws {
        let (id, request) = try Self.decode("{\"id\":7,\"method\":\"\(method)\",\"params\":\(params)}")
        #expect(id == .integer(7))
        #expect(Self.text(request) == expected)
    }

    private static func text(_ request: MinerRequest) -> String {
        switch request {
        case .subscribe(let agent, let session):
            "subscribe(userAgent: \"\(agent)\", sessionID: \(session.debugDescription))"
        default: "\(request)"
        }
    }

    @Test(arguments: ["0", "-1", "\"x\"", "null", "[]", ""])
    func senselessDifficultyIsMalformed(value: String) throws {
        for method in ["mining.suggest_difficulty", "mining.suggest_target"] {
            let (_, request) = try Self.decode("{\"id\":7,\"method\":\"\(method)\",\"params\":[\(value)]}")
            guard case .malformed(let name, _) = request, name == method else {
                Issue.record("\(request)")
                continue
            }
        }
        for number in ["0", "-1", "nan", "inf", "1e999", ""] {
            let (_, request) = try Self.decode("{\"method\":\"mining.suggest_difficulty(\(number))\"}")
            guard case .malformed = request else {
                Issue.record("\(request)")
                continue
            }
        }
    }

    @Test(arguments: [
        (
            #"[["version-rolling","minimum-difficulty","subscribe-extranonce","info"],{"version-rolling.mask":"1fffe000","#
                + #""version-rolling.min-bit-count":16,"minimum-difficulty.value":2048,"info.hw-id":"1"}]"#,
            ConfigureRequest(
                extensions: ["version-rolling", "minimum-difficulty", "subscribe-extranonce", "info"],
                mask: 0x1FFF_E000,
                minBitCount: 16,
                minimumDifficulty: 2048
            )
        ),
        (#"[["version-rolling"],{}]"#, ConfigureRequest(extensions: ["version-rolling"])),
        (#"[["version-rolling"]]"#, ConfigureRequest(extensions: ["version-rolling"])),
        (#"[["b","a","b",5]]"#, ConfigureRequest(extensions: ["b", "a"])),
        (
            #"[["minimum-difficulty"],{"minimum-difficulty.value":-1,"version-rolling.mask":"0xC00000"}]"#,
            ConfigureRequest(extensions: ["minimum-difficulty"], mask: 0x00C0_0000)
        ),
    ])
    func configureIsRead(params: String, expected: ConfigureRequest) throws {
        let (_, request) = try Self.decode("{\"id\":1,\"method\":\"mining.configure\",\"params\":\(params)}")
        guard case .configure(let configure) = request else {
            Issue.record("\(request)")
            return
        }
        #expect(configure == expected)
    }

    @Test(arguments: ["[]", "{}", #"[{}]"#, #"[["version-rolling"],{"version-rolling.mask":"xyz"}]"#])
    func senselessConfigureIsMalformed(params: String) throws {
        let (_, request) = try Self.decode("{\"id\":1,\"method\":\"mining.configure\",\"params\":\(params)}")
        guard case .malformed("mining.configure", _) = request else {
            Issue.record("\(request)")
            return
        }
    }

    @Test(
        arguments: [
            ("1", .integer(1)), ("-5", .integer(-5)), ("0", .integer(0)), ("null", .null),
            ("9223372036854775807", .integer(.max)), ("9223372036854775808", .token("9223372036854775808")),
            ("-0", .token("-0")), ("1.0", .token("1.0")), ("1e2", .token("1e2")), ("true", .token("true")),
            ("\"abc\"", .token("\"abc\"")), (#""\u0041""#, .token(#""\u0041""#)), ("[1, 2]", .token("[1, 2]")),
            ("{\"a\":1}", .token("{\"a\":1}")), ("[\"\(String(repeating: "x", count: 253))\"]", .null),
        ] as [(String, MessageID)]
    )
    func idIsEchoedByteForByte(text: String, id: MessageID) throws {
        let decoded = try Self.decode("{\"method\":\"mining.ping\",\"id\": \(text) }").id
        #expect(decoded == id)
        let echoed = id == .null ? "null" : text
        let reply = written { MessageEncoder.response(id: decoded, result: true, into: &$0) }
        #expect(reply == "{\"id\":\(echoed),\"result\":true,\"error\":null}\n")
    }

    @Test func absentIDIsEchoedAsNull() throws {
        let decoded = try Self.decode(#"{"method":"mining.ping"}"#).id
        #expect(decoded == .absent)
        let reply = written { MessageEncoder.response(id: decoded, result: false, into: &$0) }
        #expect(reply == "{\"id\":null,\"result\":false,\"error\":null}\n")
    }

    @Test(arguments: [
        #"{"id":3,"method":"pong","params":[]}"#, #"{"id":3,"result":"pong","error":null}"#, #"{"id":3}"#,
        #"{"id":3,"method":"","params":[]}"#, #"{"id":3,"method":5}"#, #"{"id":3,"method":null,"result":true}"#,
    ])
    func answersAreNoRequests(text: String) throws {
        guard case .response(.integer(3)) = try MinerMessage.decode(line(text)) else {
            Issue.record("\(text)")
            return
        }
    }

    @Test(arguments: ["[]", "1", "\"x\"", "null", #"[{"id":1,"method":"mining.subscribe"}]"#])
    func otherJSONIsNoMessage(text: String) {
        #expect(throws: StratumError.notAnObject) { try MinerMessage.decode(line(text)) }
        #expect(throws: StratumError.notAnObject) { try PoolMessage.decode(line(text)) }
    }

    @Test(arguments: [
        "", "{", #"{"id":1,"method":"mining.subscribe",,}"#, "{}x", #"{"params":[1e]}"#, "GET / HTTP/1.1",
    ])
    func brokenJSONIsAnError(text: String) {
        #expect(throws: StratumError.self) { try MinerMessage.decode(line(text)) }
        #expect(throws: StratumError.self) { try PoolMessage.decode(line(text)) }
    }

    @Test func escapedNamesAreTheSameNames() throws {
        let (id, request) = try Self.decode(#"{"\u0069d":9,"m\u0065thod":"mining\u002eping"}"#)
        #expect(id == .integer(9))
        guard case .ping = request else {
            Issue.record("\(request)")
            return
        }
    }
}

import NIOCore
import Stratum
import Testing

@Suite struct PoolMessageTests {
    private struct UnexpectedMessage: Error {}

    private static func notification(_ method: String, _ params: String) throws -> PoolNotification {
        let text = "{\"params\":\(params),\"id\":null,\"method\":\"\(method)\"}"
        guard case .notification(let notification, .null) = try PoolMessage.decode(line(text)) else {
            throw UnexpectedMessage()
        }
        return notification
    }

    @Test(arguments: [
        ("mining.set_difficulty", "[1024]", "setDifficulty(1024.0)"),
        ("mining.set_difficulty", "[0.00050000000000000001]", "setDifficulty(0.0005)"),
        ("mining.set_difficulty", "[1e-5]", "setDifficulty(1e-05)"),
        (
            "mining.set_extranonce", #"["08000002",4]"#,
            "setExtranonce(extranonce1: [8, 0, 0, 2], extranonce2Size: Optional(4))"
        ),
        ("mining.set_extranonce", #"["08"]"#, "setExtranonce(extranonce1: [8], extranonce2Size: nil)"),
        ("mining.set_extranonce", #"["",null]"#, "setExtranonce(extranonce1: [], extranonce2Size: nil)"),
        ("mining.set_version_mask", #"["1fffe000"]"#, "setVersionMask(536862720)"),
        ("mining.set_version_mask", #""1fffe000""#, "setVersionMask(536862720)"),
        ("mining.ping", "[]", "ping"),
        ("client.get_version", "[]", "getVersion"),
        ("client.show_message", #"["hello"]"#, #"showMessage("hello")"#),
        ("client.show_message", "[]", #"showMessage("")"#),
        ("client.reconnect", "[]", "reconnect(host: nil, port: nil, wait: nil)"),
        ("client.reconnect", "null", "reconnect(host: nil, port: nil, wait: nil)"),
        ("client.reconnect", #"["h",3333]"#, #"reconnect(host: Optional("h"), port: Optional(3333), wait: nil)"#),
        (
            "client.reconnect", #"["h","3333",5]"#,
            #"reconnect(host: Optional("h"), port: Optional(3333), wait: Optional(5))"#
        ),
        ("client.reconnect", #"["","",-5]"#, "reconnect(host: nil, port: nil, wait: Optional(0))"),
        ("client.reconnect", #"[null,null,"7"]"#, "reconnect(host: nil, port: nil, wait: Optional(7))"),
        ("mining.set_goal", #"["g",{"malgo":"SHA256d"}]"#, #"ignored(method: "mining.set_goal")"#),
        ("mining.multi_version", "[1,2]", #"ignored(method: "mining.multi_version")"#),
    ])
    func notificationIsRecognised(method: String, params: String, expected: String) throws {
        #expect("\(try Self.notification(method, params))" == expected)
    }

    @Test(arguments: [
        ("mining.set_difficulty", "[0]"), ("mining.set_difficulty", "[-1]"), ("mining.set_difficulty", "[]"),
        ("mining.set_difficulty", #"["x"]"#), ("mining.set_difficulty", "5"),
        ("mining.set_extranonce", "[]"), ("mining.set_extranonce", #"["0",4]"#),
        ("mining.set_extranonce", #"["00",65]"#),
        ("mining.set_extranonce", #"["00",-1]"#), ("mining.set_extranonce", #"["00","4"]"#),
        ("mining.set_extranonce", "[\"\(String(repeating: "00", count: 65))\",4]"),
        ("mining.set_version_mask", "[]"), ("mining.set_version_mask", #"["xyz"]"#),
        ("mining.set_version_mask", #"["1ffffe0000"]"#), ("mining.set_version_mask", "[1]"),
        ("client.reconnect", #"["h",0]"#), ("client.reconnect", #"["h",65536]"#), ("client.reconnect", #"["h","x"]"#),
        ("mining.notify", "[]"), ("mining.notify", "{}"),
    ])
    func senselessParametersAreMalformed(method: String, params: String) throws {
        let notification = try Self.notification(method, params)
        guard case .malformed(let name, _) = notification, name == method else {
            Issue.record("\(notification)")
            return
        }
    }

    @Test func idOfAPingIsKept() throws {
        let message = try PoolMessage.decode(line(#"{"params":[],"id":42,"method":"mining.ping"}"#))
        guard case .notification(.ping, .integer(42)) = message else {
            Issue.record("\(message)")
            return
        }
    }

    // MARK: mining.notify

    private static let previousHash = "4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000"

    private static func params(
        id: String = "\"bf\"",
        previousHash: String = Self.previousHash,
        coinbase1: String = "\"01\"",
        coinbase2: String = "\"02ff\"",
        branches: String = "[]",
        version: String = "\"00000002\"",
        ntime: String = "\"504e86b9\"",
        rest: String = ",true"
    ) -> String {
        "[\(id),\"\(previousHash)\",\(coinbase1),\(coinbase2),\(branches),\(version),\"1c2ac4af\",\(ntime)\(rest)]"
    }

    @Test func jobIsRead() throws {
        let branch = String(repeating: "ab", count: 32)
        let notification = try Self.notification(
            "mining.notify",
            Self.params(branches: "[\"\(branch)\",\"\(branch)\"]")
        )
        guard case .notify(let job) = notification else {
            Issue.record("\(notification)")
            return
        }
        let expected = Job(
            id: "bf",
            previousHash: bytes("f8b6164d19e2f65a2aae448f787fe66d61e57a48c0c6771b1e920b4400000000"),
            coinbase1: [1],
            coinbase2: [2, 255],
            merkleBranches: bytes(branch + branch),
            version: 2,
            nbits: 0x1C2A_C4AF,
            ntime: 0x504E_86B9,
            cleanJobs: true
        )
        #expect(job == expected)
    }

    @Test(arguments: [
        (",true", true), (",false", false), (",1", true), (",0", false), ("", false), (",null", false),
        (",false,840000,\"x\",true", false), (",true,false", true),
    ])
    func cleanFlagIsTheNinthParameter(rest: String, cleanJobs: Bool) throws {
        guard case .notify(let job) = try Self.notification("mining.notify", Self.params(rest: rest)) else {
            Issue.record("no job")
            return
        }
        #expect(job.cleanJobs == cleanJobs)
    }

    @Test(arguments: [
        params(id: "\"\""), params(id: "null"), params(id: "\"\(String(repeating: "x", count: 256))\""),
        params(previousHash: "00"), params(previousHash: previousHash + "00"), params(previousHash: "zz"),
        params(coinbase1: "\"0\""), params(coinbase2: "5"),
        params(coinbase1: "\"\(String(repeating: "00", count: 16 * 1024 + 1))\""),
        params(branches: "null"), params(branches: "[\"00\"]"), params(branches: "[5]"),
        params(branches: "[" + [String](repeating: "\"\(previousHash)\"", count: 33).joined(separator: ",") + "]"),
        params(version: "\"\""), params(version: "\"100000000\""), params(version: "2"), params(ntime: "null"),
    ])
    func jobBeyondTheBoundsIsMalformed(params: String) throws {
        let notification = try Self.notification("mining.notify", params)
        guard case .malformed = notification else {
            Issue.record("\(notification)")
            return
        }
    }

    @Test func largestJobPasses() throws {
        let part = "\"" + String(repeating: "00", count: 16 * 1024) + "\""
        let branches = "[" + [String](repeating: "\"\(Self.previousHash)\"", count: 32).joined(separator: ",") + "]"
        let params = Self.params(
            id: "\"\(String(repeating: "x", count: 255))\"",
            coinbase1: part,
            coinbase2: part,
            branches: branches
        )
        guard case .notify = try Self.notification("mining.notify", params) else {
            Issue.record("no job")
            return
        }
    }
}

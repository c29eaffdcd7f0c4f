import NIOCore
import Stratum
import Testing

@Suite struct PoolResponseTests {
    private struct UnexpectedMessage: Error {}

    private static func response(_ members: String) throws -> PoolResponse {
        guard case .response(.integer(5), let response) = try PoolMessage.decode(line("{\(members),\"id\":5}")) else {
            throw UnexpectedMessage()
        }
        return response
    }

    @Test(arguments: [
        #""result":true,"error":null"#, #""error":null,"result":true"#, #""result":true"#,
        #""result":true,"error":false"#,
        #""jsonrpc":"2.0","result":true,"method":null"#,
    ])
    func trueIsSuccess(members: String) throws {
        let response = try Self.response(members)
        #expect(response.isTrue)
        #expect(response.rejection == nil)
    }

    @Test(
        arguments: [
            (#""result":null,"error":[23,"Low difficulty share",null]"#, 23, "Low difficulty share", .lowDifficulty),
            (#""result":false,"error":[21,"Job not found"]"#, 21, "Job not found", .stale),
            (#""result":true,"error":[22,"Duplicate share",null]"#, 22, "Duplicate share", .duplicate),
            (#""result":false,"error":null,"reject-reason":"Above target""#, 23, "Above target", .lowDifficulty),
            (#""result":false,"error":null,"reject-reason":"Stale""#, 21, "Stale", .stale),
            (#""reject-reason":"Invalid JobID","result":false,"error":null"#, 21, "Invalid JobID", .stale),
            (#""result":false,"error":null,"reject-reason":"Duplicate""#, 22, "Duplicate", .duplicate),
            (#""result":false,"error":null,"reject-reason":"Worker mismatch""#, 24, "Worker mismatch", .unauthorized),
            (
                #""result":false,"error":null,"reject-reason":"Ntime out of range""#, 20, "Ntime out of range",
                .malformed
            ),
            (
                #""result":false,"error":null,"reject-reason":"Invalid nonce2 length""#, 20, "Invalid nonce2 length",
                .malformed
            ),
            (#""result":false,"error":"Failed subscription""#, 25, "Failed subscription", .notSubscribed),
            (#""result":null,"error":"Invalid array size""#, 20, "Invalid array size", .malformed),
            (#""error":{"code":-1,"message":"whatever"}"#, -1, "whatever", .other),
            (#""error":{"code":24,"message":"Unauthorized worker"}"#, 24, "Unauthorized worker", .unauthorized),
            (#""result":null,"error":null"#, 20, "", .other),
            (#""result":false"#, 20, "", .other),
            (#""result":[],"error":true"#, 20, "", .other),
            (#""result":"params not an array","error":null"#, 20, "params not an array", .malformed),
            (#""result":null,"error":21"#, 21, "", .stale),
            (#""result":null,"error":["23","low"]"#, 23, "low", .lowDifficulty),
            (#""result":null,"error":["Duplicate share"]"#, 22, "Duplicate share", .duplicate),
            (#""result":null,"error":[]"#, 20, "", .other),
            (#""result":null,"error":[1e300,null]"#, 20, "", .other),
            (#""result":null,"error":[20,"unknown-work",null]"#, 20, "unknown-work", .stale),
            (#""result":null,"error":[21,"stale-prevblk",null]"#, 21, "stale-prevblk", .stale),
            (#""result":null,"error":[21,"time-too-old",null]"#, 21, "time-too-old", .stale),
            (#""result":null,"error":[23,"high-hash",null]"#, 23, "high-hash", .lowDifficulty),
            (#""result":null,"error":[23,"H-not-zero",null]"#, 23, "H-not-zero", .lowDifficulty),
            (#""result":null,"error":[23,"bad-version",null]"#, 23, "bad-version", .malformed),
            (#""result":null,"error":[25,"Not subscribed",null]"#, 25, "Not subscribed", .notSubscribed),
            (#""result":null,"error":[29,"Invalid username",null]"#, 29, "Invalid username", .unauthorized),
            (#""result":null,"error":[32,"Time too new",null]"#, 32, "Time too new", .malformed),
            (#""result":null,"error":[33,"Invalid Version Mask",null]"#, 33, "Invalid Version Mask", .malformed),
            (#""result":null,"error":[37,"x",null]"#, 37, "x", .stale),
            (#""result":null,"error":[20,"Not supported.",null]"#, 20, "Not supported.", .other),
        ] as [(String, Int, String, Rejection.Kind)]
    )
    func refusalOfEveryShapeIsClassified(members: String, code: Int, message: String, kind: Rejection.Kind) throws {
        let rejection = try #require(try Self.response(members).rejection)
        #expect(rejection.code == code)
        #expect(rejection.message == message)
        #expect(rejection.kind == kind)
    }

    @Test(
        arguments: [
            (#"[[["mining.set_difficulty","a"],["mining.notify","b"]],"08000002",4]"#, "b", "08000002", 4),
            (#"[[["mining.notify","b"],["mining.set_difficulty","a"]],"08000002",4]"#, "b", "08000002", 4),
            (#"[[["mining.notify","6b02e211"]],"11E2026b",8]"#, "6b02e211", "11e2026b", 8),
            (#"[["mining.notify","id"],"00",2]"#, "id", "00", 2),
            (#"[null,"",8]"#, nil, "", 8), (#"[[],"08000002",4.0,"more"]"#, nil, "08000002", 4),
            (#"[[["mining.notify"]],"00",0]"#, nil, "00", 0), (#"[[["mining.notify",5]],"00",64]"#, nil, "00", 64),
        ] as [(String, String?, String, Int)]
    )
    func subscriptionIsRead(result: String, sessionID: String?, extranonce1: String, size: Int) throws {
        let subscription = try Self.response("\"result\":\(result),\"error\":null").subscription
        let expected = PoolSubscription(sessionID: sessionID, extranonce1: bytes(extranonce1), extranonce2Size: size)
        #expect(subscription == expected)
    }

    @Test(arguments: [
        "null", "true", "[]", #"[[],"00"]"#, #"[[],"0",4]"#, #"[[],"00",65]"#, #"[[],"00",-1]"#, #"[[],"00","4"]"#,
        #"[[],"00",1e30]"#, #"[[],null,4]"#, "[[],\"\(String(repeating: "00", count: 65))\",4]", #"{"a":1}"#,
    ])
    func senselessSubscriptionIsNone(result: String) throws {
        #expect(try Self.response("\"result\":\(result)").subscription == nil)
    }

    @Test(
        arguments: [
            (#"{"version-rolling":true,"version-rolling.mask":"1fffe000"}"#, 0x1FFF_E000),
            (#"{"version-rolling.mask":"1fffe000","version-rolling":true,"minimum-difficulty":false}"#, 0x1FFF_E000),
            (#"{"version-rolling":false}"#, nil), (#"{"version-rolling":"no","version-rolling.mask":"1fffe000"}"#, nil),
            (#"{"version-rolling":true}"#, nil), (#"{"version-rolling":true,"version-rolling.mask":"x"}"#, nil),
            ("null", nil), ("true", nil),
        ] as [(String, UInt32?)]
    )
    func maskOfAConfigureReply(result: String, mask: UInt32?) throws {
        #expect(try Self.response("\"result\":\(result)").versionRollingMask == mask)
    }
}

import NIOCore
import Stratum
import Testing

@Suite struct SubmissionTests {
    private static func request(_ text: String) throws -> MinerRequest? {
        guard case .request(_, let request) = try MinerMessage.decode(line(text)) else {
            return nil
        }
        return request
    }

    private static func request(params: String) throws -> MinerRequest? {
        try self.request("{\"id\":4,\"method\":\"mining.submit\",\"params\":\(params)}")
    }

    private static func submission(
        user: String = "u.w",
        jobID: String = "1f",
        extranonce2: String = "00000001",
        nonce: UInt32 = 0xB295_7C02,
        versionBits: UInt32? = nil
    ) throws -> Submission {
        Submission(
            user: line(user),
            jobID: line(jobID),
            found: FoundNonce(
                extranonce2: try #require(Extranonce2(hex: extranonce2)), ntime: 0x504E_86ED, nonce: nonce,
                versionBits: versionBits
            )
        )
    }

    @Test(arguments: [
        #"{"id":4,"method":"mining.submit","params":["u.w","1f","00000001","504e86ed","b2957c02"]}"#,
        #"{"params":["u.w","1f","00000001","504e86ed","b2957c02"],"method":"mining.submit","id":4}"#,
        #" { "x" : [{"params":1}] , "params" : [ "u.w" , "1f" , "00000001" , "504e86ed" , "b2957c02" ] , "#
            + #""method" : "mining.submit" , "jsonrpc" : "2.0" } "#,
        #"{"method":"mining.submit","params":["u.w","1f","0x00000001","0x504E86ED","0XB2957C02"]}"#,
        #"{"method":"mining.submit","params":["u.w","1f","00000001","504e86ed","b2957c02",null]}"#,
        #"{"method":"mining.submit","params":["u.w","1f","00000001","504e86ed","b2957c02",""]}"#,
        #"{"\u006dethod":"mining\u002esubmit","params":["u\u002ew","1\u0066","0000000\u0031","504e86e\u0064","b2957c0\u0032"]}"#,
    ])
    func sameShareInManyForms(text: String) throws {
        guard case .submit(let submission) = try Self.request(text) else {
            Issue.record("no submission")
            return
        }
        #expect(try submission == Self.submission())
    }

    @Test(
        arguments: [
            ("0a5c6000", 0x0A5C_6000), ("0", 0), ("0x1FFFE000", 0x1FFF_E000), ("20000004", 0x2000_0004),
        ] as [(String, UInt32)]
    )
    func versionBitsAreRead(text: String, bits: UInt32) throws {
        let params = #"["u.w","1f","00000001","504e86ed","b2957c02",""# + text + #"","more",7]"#
        guard case .submit(let submission) = try Self.request(params: params) else {
            Issue.record("no submission")
            return
        }
        #expect(try submission == Self.submission(versionBits: bits))
    }

    @Test func shortNonceIsPaddedOnTheLeft() throws {
        let params = #"["u.w","1f","00000001","504e86ed","957c02"]"#
        guard case .submit(let submission) = try Self.request(params: params) else {
            Issue.record("no submission")
            return
        }
        #expect(try submission == Self.submission(nonce: 0x0095_7C02))
    }

    @Test func namesAreKeptAsSent() throws {
        let user = "bc1.ü 😀"
        let params = "[\"\(user)\",\"0xc01490b3b0_184\",\"0001\",\"504e86ed\",\"b2957c02\"]"
        guard case .submit(let submission) = try Self.request(params: params) else {
            Issue.record("no submission")
            return
        }
        #expect(try submission == Self.submission(user: user, jobID: "0xc01490b3b0_184", extranonce2: "0001"))
    }

    @Test func sliceOfALineWithinABufferIsDecoded() throws {
        var buffer = line(#"xx{"method":"mining.submit","params":["u.w","1f","00000001","504e86ed","b2957c02"]}"#)
        buffer.moveReaderIndex(forwardBy: 2)
        guard case .request(.absent, .submit(let submission)) = try MinerMessage.decode(buffer) else {
            Issue.record("no submission")
            return
        }
        #expect(try submission == Self.submission())
    }

    @Test(arguments: [
        ("[]", "Invalid array size"), ("{}", "Invalid array size"), ("null", "Invalid array size"),
        ("\"x\"", "Invalid array size"), (#"["u","1","00","00"]"#, "Invalid array size"),
        (#"["","1","00","00","00"]"#, "No username"), (#"[null,"1","00","00","00"]"#, "No username"),
        (#"["u","","00","00","00"]"#, "No job_id"), (#"["u",5,"00","00","00"]"#, "No job_id"),
        (#"["u","1","","00","00"]"#, "No nonce2"), (#"["u","1",null,"00","00"]"#, "No nonce2"),
        (#"["u","1","0","00","00"]"#, "Invalid nonce2"), (#"["u","1","    0001","00","00"]"#, "Invalid nonce2"),
        (#"["u","1","zz","00","00"]"#, "Invalid nonce2"),
        ("[\"u\",\"1\",\"\(String(repeating: "0", count: 66))\",\"00\",\"00\"]", "Invalid nonce2"),
        (#"["u","1","00","","00"]"#, "No ntime"), (#"["u","1","00",[],"00"]"#, "No ntime"),
        (#"["u","1","00","100000000","00"]"#, "Invalid ntime"), (#"["u","1","00","-1","00"]"#, "Invalid ntime"),
        (#"["u","1","00","00",""]"#, "No nonce"), (#"["u","1","00","00",0]"#, "No nonce"),
        (#"["u","1","00","00","  1"]"#, "Invalid nonce"), (#"["u","1","00","00","000000001"]"#, "Invalid nonce"),
        (#"["u","1","00","00","00","xyz"]"#, "Invalid version bits"),
        (#"["u","1","00","00","00",0]"#, "Invalid version bits"),
        (#"["u","1","00","00","00",{"a":[]}]"#, "Invalid version bits"),
    ])
    func whatIsNoShareIsRefusedWithAReason(params: String, expected: String) throws {
        guard case .malformedSubmit(let reason) = try Self.request(params: params) else {
            Issue.record("taken: \(params)")
            return
        }
        #expect(reason == expected)
    }

    @Test func missingParamsAreRefused() throws {
        guard case .malformedSubmit = try Self.request(#"{"id":1,"method":"mining.submit"}"#) else {
            Issue.record("taken")
            return
        }
    }
}

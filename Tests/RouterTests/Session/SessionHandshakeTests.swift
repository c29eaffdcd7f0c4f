import NIOCore
import Router
import Testing

/// What each firmware says before it mines, and what it must hear.
@Suite struct SessionHandshakeTests {
    private static func subscribed(_ id: String) -> String {
        #"{"id":\#(id),"result":[[["mining.set_difficulty","t1"],["mining.notify","t1"]],"0a01",4],"error":null}"#
    }

    private static func yes(_ id: String) -> String { #"{"id":\#(id),"result":true,"error":null}"# }

    private static let configured =
        #"{"id":1,"result":{"version-rolling":true,"version-rolling.mask":"1fffe000"},"error":null}"#

    private static let setDifficulty = #"{"id":null,"method":"mining.set_difficulty","params":[512]}"#

    @Test func cgminerConfiguresFirstAndTakesTheNextLineAsItsReply() throws {
        var miner = MinerConversation()
        let configure =
            #"{"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"ffffffff"}]}"#
        #expect(try miner.says(configure) == [Self.configured])
        #expect(
            try miner.says(#"{"id":2,"method":"mining.subscribe","params":["cgminer/4.11.1"]}"#) == [
                Self.subscribed("2")
            ])
        #expect(try miner.says(#"{"id":3,"method":"mining.authorize","params":["acct.w1","x"]}"#) == [Self.yes("3")])
        #expect(miner.machine.isReady)
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob(difficulty: 512)))
        #expect(miner.gets(job) == [Self.setDifficulty, "notify \(job.id) clean"])
    }

    @Test func bitaxeSaysEverythingInOneSegment() throws {
        var miner = MinerConversation()
        let lines = try miner.says(
            #"{"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"ffffffff"}]}"#,
            #"{"id":2,"method":"mining.subscribe","params":["bitaxe/BM1370/v2.9"]}"#,
            #"{"id":3,"method":"mining.authorize","params":["acct.w1","x"]}"#,
            #"{"id":4,"method":"mining.suggest_difficulty","params":[1000]}"#
        )
        #expect(lines == [Self.configured, Self.subscribed("2"), Self.yes("3"), Self.yes("4")])
    }

    @Test func configureMayComeAfterSubscribe() throws {
        var miner = MinerConversation()
        let lines = try miner.says(
            #"{"id":2,"method":"mining.subscribe","params":[]}"#,
            #"{"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000"}]}"#
        )
        #expect(lines == [Self.subscribed("2"), Self.configured])
    }

    @Test func authorizeMayComeBeforeSubscribe() throws {
        var miner = MinerConversation()
        #expect(try miner.says(#"{"id":1,"method":"mining.authorize","params":["acct.w1","x"]}"#) == [Self.yes("1")])
        #expect(!miner.machine.isReady)
        #expect(try miner.says(#"{"id":2,"method":"mining.subscribe","params":[]}"#) == [Self.subscribed("2")])
        #expect(miner.machine.isReady)
    }

    @Test func nerdMinerGetsTwoShortStringsItReads() throws {
        var miner = MinerConversation()
        let lines = try miner.says(#"{"id": 1, "method": "mining.subscribe", "params": ["NerdMinerV2/V1.7"]}"#)
        #expect(lines == [Self.subscribed("1")])
        #expect(
            try miner.says(#"{"params": ["acct.w1", null], "id": 2, "method": "mining.authorize"}"#) == [Self.yes("2")])
        #expect(
            try miner.says(#"{"id": 3, "method": "mining.suggest_difficulty", "params": [0.0001]}"#) == [Self.yes("3")])
    }

    @Test func bfgminerHearsNothingWhereItExpectsNothing() throws {
        var miner = MinerConversation()
        let target = "00000000ffff" + String(repeating: "0", count: 52)
        #expect(try miner.says(#"{"id":null,"method":"mining.capabilities","params":[{"notify":[]}]}"#) == [])
        #expect(try miner.says(#"{"id":null,"method":"mining.suggest_target","params":["\#(target)"]}"#) == [])
        #expect(
            try miner.says(#"{"id":1,"method":"mining.suggest_target","params":["\#(target)"]}"#) == [Self.yes("1")])
    }

    @Test(
        arguments: [
            (#"{"id":7,"method":"mining.extranonce.subscribe","params":[]}"#, #"{"id":7,"result":true,"error":null}"#),
            (#"{"id":7,"method":"mining.multi_version","params":[1]}"#, #"{"id":7,"result":true,"error":null}"#),
            (#"{"id":7,"method":"mining.get_transactions","params":["1"]}"#, #"{"id":7,"result":[],"error":null}"#),
            (#"{"id":7,"method":"mining.hashes_done","params":[]}"#, #"{"id":7,"result":null,"error":null}"#),
            (#"{"id":7,"method":"mining.ping","params":[]}"#, #"{"id":7,"result":"pong","error":null}"#),
            (
                #"{"id":7,"method":"mining.term","params":[]}"#,
                #"{"id":7,"result":null,"error":[-3,"Method not found",null]}"#
            ),
            (
                #"{"id":"a","method":"agent.get_capabilities"}"#,
                #"{"id":"a","result":null,"error":[-3,"Method not found",null]}"#
            ),
        ]
    )
    func everyMethodHasItsAnswer(line: String, answer: String) throws {
        var miner = MinerConversation()
        #expect(try miner.says(line) == [answer])
    }

    @Test func answersToUsAreSwallowed() throws {
        var miner = MinerConversation()
        #expect(try miner.says(#"{"id":1,"result":"agent/1","error":null}"#) == [])
        #expect(try miner.says(#"{"id":1,"method":"pong","params":[]}"#) == [])
    }

    @Test func everyRequestedExtensionGetsAValue() throws {
        var miner = MinerConversation()
        let lines = try miner.says(
            #"{"id":1,"method":"mining.configure","params":[["minimum-difficulty","version-rolling","#
                + #""subscribe-extranonce","info","x-y"],{"minimum-difficulty.value":2048}]}"#
        )
        #expect(
            lines == [
                #"{"id":1,"result":{"minimum-difficulty":true,"version-rolling":true,"#
                    + #""version-rolling.mask":"1fffe000","subscribe-extranonce":true,"#
                    + #""info":true,"x-y":false},"error":null}"#
            ]
        )
        #expect(miner.machine.canChangeNonce)
    }

    @Test func aSecondSubscribeChangesNothing() throws {
        var miner = MinerConversation()
        try miner.shakesHands()
        let lines = try miner.says(#"{"id":9,"method":"mining.subscribe","params":["other"]}"#)
        #expect(lines == [#"{"id":9,"result":null,"error":[20,"Already subscribed",null]}"#])
        #expect(miner.machine.userAgent == "cgminer/4.11.1")
    }

    @Test func aWrongPasswordMayBeCorrected() throws {
        var miner = MinerConversation { $0.minerPassword = "secret" }
        _ = try miner.says(#"{"id":1,"method":"mining.subscribe","params":[]}"#)
        #expect(
            try miner.says(#"{"id":2,"method":"mining.authorize","params":["acct.w1","x"]}"#)
                == [#"{"id":2,"result":null,"error":[24,"Unauthorized worker",null]}"#]
        )
        #expect(!miner.machine.isReady)
        #expect(
            try miner.says(#"{"id":3,"method":"mining.authorize","params":["acct.w1","secret"]}"#) == [Self.yes("3")])
        #expect(miner.machine.isReady)
    }

    @Test(
        arguments: [
            "", String(repeating: "x", count: 256), #"acct.w1\u0000z"#, #"\u0000"#, #"acct\nw1"#, #"acct\u001b[2J"#,
            "acct.w1\u{7f}",
        ]
    )
    func impossibleNamesAreRefused(name: String) throws {
        var miner = MinerConversation()
        let lines = try miner.says(#"{"id":2,"method":"mining.authorize","params":["\#(name)","x"]}"#)
        #expect(lines == [#"{"id":2,"result":null,"error":[24,"Unauthorized worker",null]}"#])
    }

    @Test func theFirstNameIsTheOnePoolsSee() throws {
        var miner = MinerConversation()
        try miner.shakesHands()
        #expect(try miner.says(#"{"id":3,"method":"mining.authorize","params":["acct.w2","x"]}"#) == [Self.yes("3")])
        guard case .authorized("acct.w2", false) = miner.lastStep else {
            Issue.record("\(String(describing: miner.lastStep))")
            return
        }
        // Once more changes nothing.
        #expect(try miner.says(#"{"id":4,"method":"mining.authorize","params":["acct.w2","x"]}"#) == [Self.yes("4")])
        #expect(miner.lastStep == nil)
        #expect(miner.machine.user == "acct.w1")
    }
}

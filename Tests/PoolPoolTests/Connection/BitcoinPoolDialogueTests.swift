import NIOCore
import PoolPool
import Stratum
import Testing

@Suite struct BitcoinPoolDialogueTests {
    private static let configure =
        #"{"id":1,"method":"mining.configure","params":[["version-rolling"],"#
        + #"{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":2}]}"#

    private static func subscribe(_ id: Int) -> String {
        #"{"id":\#(id),"method":"mining.subscribe","params":["router/1"]}"#
    }

    private static func authorize(_ id: Int) -> String {
        #"{"id":\#(id),"method":"mining.authorize","params":["acct.w1","x"]}"#
    }

    private static func subscribed(_ id: Int, _ extranonce: String = #""8100f3c2",8"#) -> String {
        #"{"id":\#(id),"result":[[["mining.notify","s1"]],\#(extranonce)],"error":null}"#
    }

    private static func yes(_ id: Int) -> String { #"{"id":\#(id),"result":true,"error":null}"# }

    private static func setDifficulty(_ value: String) -> String {
        #"{"id":null,"method":"mining.set_difficulty","params":[\#(value)]}"#
    }

    private static let configured =
        #"{"id":1,"result":{"version-rolling":true,"version-rolling.mask":"1fffe000"},"error":null}"#

    // MARK: Handshake

    @Test func wholeHandshake() {
        var pool = PoolConversation(mask: 0x1fff_e000)
        #expect(pool.opens() == [Self.configure])
        #expect(pool.says(Self.configured) == [Self.subscribe(2)])
        #expect(pool.says(Self.subscribed(2)) == [Self.authorize(3), "subscribed 8: extranonce 4 + 8 bytes"])
        #expect(pool.says(Self.yes(3)) == [])
        #expect(pool.says(Self.setDifficulty("512")) == [])
        #expect(pool.says(notifyLine("j1")) == ["ready j1 8100f3c2/8 d=512.0 m=1fffe000+"])
        #expect(pool.machine.isReady)
        #expect(pool.machine.sessionID == "s1")
    }

    @Test func withoutMaskNothingIsConfigured() {
        var pool = PoolConversation()
        #expect(pool.opens() == [Self.subscribe(1)])
        #expect(pool.says(Self.subscribed(1)) == [Self.authorize(2), "subscribed 8: extranonce 4 + 8 bytes"])
        #expect(pool.says(Self.yes(2)) == [])
        #expect(pool.says(notifyLine("j1")) == ["ready j1 8100f3c2/8 d=1.0 m=0"])
    }

    @Test func formerSessionIsNamed() {
        var pool = PoolConversation(sessionID: "s0")
        #expect(pool.opens() == [#"{"id":1,"method":"mining.subscribe","params":["router/1","s0"]}"#])
    }

    @Test func connectedTwiceStartsOnce() {
        var pool = PoolConversation()
        #expect(pool.opens() == [Self.subscribe(1)])
        #expect(pool.opens() == [])
    }

    @Test func withoutUserItStopsAfterSubscribing() {
        var pool = PoolConversation(user: nil)
        #expect(pool.opens() == [Self.subscribe(1)])
        #expect(pool.says(Self.subscribed(1)) == ["subscribed 8: extranonce 4 + 8 bytes"])
        #expect(pool.says(notifyLine("j0")) == [])
        #expect(pool.waits(.hours(1)) == [])
        #expect(pool.authorizes("acct.w1") == [Self.authorize(2)])
        #expect(pool.authorizes("acct.w2") == [])
        #expect(pool.says(Self.yes(2)) == ["ready j0 8100f3c2/8 d=1.0 m=0"])
    }

    @Test func difficultyIsSuggestedAfterAuthorizing() {
        var pool = PoolConversation(suggestDifficulty: 2048)
        _ = pool.opens()
        _ = pool.says(Self.subscribed(1))
        #expect(pool.says(Self.yes(2)) == [#"{"id":3,"method":"mining.suggest_difficulty","params":[2048]}"#])
        #expect(pool.says(#"{"id":3,"result":null,"error":[-3,"Method not found",null]}"#) == [])
        #expect(pool.says(notifyLine("j1")) == ["ready j1 8100f3c2/8 d=1.0 m=0"])
    }

    // MARK: Orders seen in the wild

    @Test func maskMayFollowTheConfigureReply() {
        var pool = PoolConversation(mask: 0x1fff_e000)
        _ = pool.opens()
        #expect(pool.says(Self.configured) == [Self.subscribe(2)])
        #expect(pool.says(#"{"id":null,"method":"mining.set_version_mask","params":["00c00000"]}"#) == [])
        _ = pool.says(Self.subscribed(2))
        _ = pool.says(Self.yes(3))
        #expect(pool.says(notifyLine("j1")) == ["ready j1 8100f3c2/8 d=1.0 m=c00000+"])
    }

    @Test func jobMayComeBeforeTheAuthorizeReply() {
        var pool = PoolConversation()
        _ = pool.opens()
        _ = pool.says(Self.subscribed(1))
        #expect(pool.says(Self.setDifficulty("0.0005")) == [])
        #expect(pool.says(notifyLine("j1")) == [])
        #expect(pool.says(notifyLine("j2")) == [])
        #expect(pool.says(Self.yes(2)) == ["ready j2 8100f3c2/8 d=0.0005 m=0"])
    }

    @Test func difficultyMayComeBeforeTheSubscribeReply() {
        var pool = PoolConversation()
        _ = pool.opens()
        _ = pool.says(Self.setDifficulty("64"))
        // Its extranonce is not known yet: nothing can be made of this job.
        #expect(pool.says(notifyLine("j0")) == [])
        _ = pool.says(Self.subscribed(1))
        #expect(pool.says(Self.yes(2)) == [])
        #expect(pool.says(notifyLine("j1")) == ["ready j1 8100f3c2/8 d=64.0 m=0"])
    }

    @Test func maskBetweenJobAndAuthorizeReplyConcernsTheHeldJob() {
        var pool = PoolConversation(mask: 0x1fff_e000)
        _ = pool.opens()
        _ = pool.says(Self.configured)
        _ = pool.says(Self.subscribed(2))
        _ = pool.says(notifyLine("j1"))
        #expect(pool.says(#"{"method":"mining.set_version_mask","params":["1fff0000"]}"#) == [])
        #expect(pool.says(Self.yes(3)) == ["ready j1 8100f3c2/8 d=1.0 m=1fff0000+"])
    }

    @Test(arguments: [#"[["mining.notify","s1"]]"#, #"["mining.notify","s1"]"#, "null", "[]"])
    func everyShapeOfSubscriptionsWillDo(shape: String) {
        var pool = PoolConversation()
        _ = pool.opens()
        let reply = #"{"id":1,"result":[\#(shape),"",3],"error":null}"#
        #expect(pool.says(reply) == [Self.authorize(2), "subscribed 3: extranonce 0 + 3 bytes"])
    }

    // MARK: Refusals

    @Test(
        arguments: [
            #"{"id":1,"result":null,"error":[-3,"Method not found",null]}"#,
            #"{"id":1,"result":false,"error":null}"#,
            #"{"id":1,"result":{"version-rolling":false},"error":null}"#,
            #"{"id":1,"result":{"version-rolling":"not today"},"error":null}"#,
            #"{"id":1,"error":"what?"}"#,
        ]
    )
    func refusedConfigureMeansNoVersionRolling(reply: String) {
        var pool = PoolConversation(mask: 0x1fff_e000)
        _ = pool.opens()
        #expect(pool.says(reply) == [Self.subscribe(2)])
        _ = pool.says(Self.subscribed(2))
        _ = pool.says(Self.yes(3))
        #expect(pool.says(notifyLine("j1")) == ["ready j1 8100f3c2/8 d=1.0 m=0"])
    }

    @Test func maskIsNeverWiderThanAskedFor() {
        var pool = PoolConversation(mask: 0x00c0_0000)
        _ = pool.opens()
        _ = pool.says(#"{"id":1,"result":{"version-rolling":true,"version-rolling.mask":"5fffe000"},"error":null}"#)
        _ = pool.says(Self.subscribed(2))
        _ = pool.says(Self.yes(3))
        #expect(pool.says(notifyLine("j1")) == ["ready j1 8100f3c2/8 d=1.0 m=c00000+"])
        #expect(pool.says(#"{"method":"mining.set_version_mask","params":["ffffffff"]}"#) == [])
    }

    @Test func ignoredConfigureFailsAfterItsTimeout() {
        var pool = PoolConversation(mask: 0x1fff_e000)
        _ = pool.opens()
        #expect(pool.machine.openQuestion == "mining.configure")
        #expect(pool.waits(.milliseconds(4999)) == [])
        #expect(pool.waits(.milliseconds(1)) == ["failed question-refused: no answer to mining.configure"])
        #expect(pool.says(Self.configured) == [])
    }

    @Test(
        arguments: [
            (#"{"id":1,"result":null,"error":[20,"banned",null]}"#, "banned"),
            (#"{"id":1,"result":[[],"zz",4],"error":null}"#, ""),
            (#"{"id":1,"result":[[],"00",-1],"error":null}"#, ""),
            (#"{"id":1,"result":[[],"00"],"error":null}"#, ""),
        ]
    )
    func refusedSubscribeFails(reply: String, reason: String) {
        var pool = PoolConversation()
        _ = pool.opens()
        let did = pool.says(reply)
        #expect(did.count == 1 && did[0].hasPrefix("failed subscribe-refused"), "\(did)")
        #expect(did[0].hasSuffix(reason), "\(did)")
    }

    @Test(
        arguments: [
            (#""result":null,"error":[24,"Unauthorized worker",null]"#, ": Unauthorized worker"),
            (#""result":false,"error":[24,"Unauthorized worker",null]"#, ": Unauthorized worker"),
            (#""result":false,"error":null"#, ""),
            (#""result":null,"error":null"#, ""),
            (#""result":false,"error":null,"reject-reason":"no such account""#, ": no such account"),
            (#""result":false,"error":"Failed subscription""#, ": Failed subscription"),
            (#""result":null,"error":{"code":-1,"message":"wrong user"}"#, ": wrong user"),
            (#""error":[24,"Unauthorized worker",null]"#, ": Unauthorized worker"),
        ]
    )
    func refusedAuthorizeFails(reply: String, reason: String) {
        var pool = PoolConversation()
        _ = pool.opens()
        _ = pool.says(Self.subscribed(1))
        #expect(pool.says("{\"id\":2,\(reply)}") == ["failed authorization-refused\(reason)"])
        #expect(pool.says(notifyLine("j1")) == [])
    }

    // MARK: Timeouts

    @Test(
        arguments: [
            (0, "failed handshake-timeout: no answer while subscribing"),
            (1, "failed handshake-timeout: no answer while authorising"),
            (2, "failed handshake-timeout: no answer while waiting for the first job"),
        ]
    )
    func eachStepOfTheHandshakeTimesOut(replies: Int, failure: String) {
        var pool = PoolConversation()
        _ = pool.opens()
        for reply in [Self.subscribed(1), Self.yes(2)].prefix(replies) { _ = pool.says(reply) }
        #expect(pool.waits(.milliseconds(9999)) == [])
        #expect(pool.waits(.milliseconds(1)) == [failure])
        #expect(pool.waits(.seconds(10)) == [])
    }

    @Test func aReadyConnectionHasNoDeadline() {
        var pool = PoolConversation()
        pool.becomesReady()
        #expect(pool.waits(.hours(24)) == [])
    }

    // MARK: Ready

    @Test func shareAndVerdicts() {
        var pool = PoolConversation()
        pool.becomesReady()
        let (request, lines) = pool.submits(someShare())
        #expect(request == 3)
        #expect(
            lines == [
                #"{"id":3,"method":"mining.submit","params":["acct.w1","j1","00010a01463fb806","681d6dee","0004bef0"]}"#
            ]
        )
        let rolled = pool.submits(someShare(versionBits: 0x0286_c000)).lines
        #expect(rolled.first?.hasSuffix(#""0004bef0","0286c000"]}"#) == true)
        #expect(
            pool.says(#"{"id":4,"result":null,"error":[22,"Duplicate share",null]}"#) == [
                "rejected 4 duplicate 22 Duplicate share"
            ])
        #expect(pool.says(Self.yes(3)) == ["accepted 3"])
    }

    @Test func noShareBeforeReady() {
        var pool = PoolConversation()
        _ = pool.opens()
        let (request, lines) = pool.submits(someShare())
        #expect(request == nil)
        #expect(lines == [])
    }

    @Test func extranonceConcernsLaterJobsOnly() {
        var pool = PoolConversation()
        pool.becomesReady()
        #expect(pool.says(#"{"method":"mining.set_extranonce","params":["00ff"]}"#) == [])
        #expect(pool.says(notifyLine("j2")) == ["job j2 00ff/8 d=1.0 m=0"])
        #expect(pool.says(#"{"method":"mining.set_extranonce","params":["",4]}"#) == [])
        #expect(pool.says(notifyLine("j3")) == ["job j3 /4 d=1.0 m=0"])
    }

    @Test func difficultyConcernsLaterJobsOnly() {
        var pool = PoolConversation()
        pool.becomesReady()
        #expect(pool.says(Self.setDifficulty("1e-5")) == [])
        #expect(pool.says(Self.setDifficulty("8192")) == [])
        #expect(pool.says(notifyLine("j2")) == ["job j2 8100f3c2/8 d=8192.0 m=0"])
    }

    @Test(arguments: ["0", "-1", "1e400", "1e-300", "1e300", "null", "\"x\"", "\"NaN\"", "2.3e-13"])
    func nonsenseDifficultyIsIgnored(value: String) {
        var pool = PoolConversation()
        pool.becomesReady()
        #expect(pool.says(Self.setDifficulty("8192")) == [])
        let did = pool.says(Self.setDifficulty(value))
        #expect(did.first?.hasPrefix("overstepped mining.set_difficulty") == true, "\(did)")
        #expect(pool.says(notifyLine("j2")) == ["job j2 8100f3c2/8 d=8192.0 m=0"])
    }

    @Test func difficultyBeyondAllReasonIsIgnoredAndTold() {
        var pool = PoolConversation()
        pool.becomesReady()
        #expect(pool.says(Self.setDifficulty("1e18")) == [])
        #expect(
            pool.says(Self.setDifficulty("1e300")) == ["overstepped mining.set_difficulty: 1e+300 is no difficulty"])
        #expect(pool.says(notifyLine("j2")) == ["job j2 8100f3c2/8 d=1e+18 m=0"])
    }

    @Test func changedMaskIsAnnouncedOnce() {
        var pool = PoolConversation(mask: 0x1fff_e000)
        _ = pool.opens()
        _ = pool.says(Self.configured)
        _ = pool.says(Self.subscribed(2))
        _ = pool.says(Self.yes(3))
        _ = pool.says(notifyLine("j1"))
        #expect(pool.says(#"{"method":"mining.set_version_mask","params":["00c00000"]}"#) == ["mask c00000"])
        #expect(pool.says(#"{"method":"mining.set_version_mask","params":["00c00000"]}"#) == [])
        #expect(pool.says(notifyLine("j2")) == ["job j2 8100f3c2/8 d=1.0 m=c00000+"])
    }

    @Test func smallTalkIsAnswered() {
        var pool = PoolConversation()
        pool.becomesReady()
        #expect(
            pool.says(#"{"id":42,"method":"mining.ping","params":[]}"#) == [
                #"{"id":42,"result":"pong","error":null}"#
            ])
        #expect(
            pool.says(#"{"id":"v","method":"client.get_version","params":[]}"#) == [
                #"{"id":"v","result":"router/1","error":null}"#
            ])
        #expect(pool.says(#"{"id":null,"method":"client.show_message","params":["hi"]}"#) == ["message hi"])
        #expect(pool.says(#"{"id":9,"method":"mining.set_goal","params":["x"]}"#) == [])
        #expect(pool.says(#"{"id":9,"method":"mining.whatever","params":{}}"#) == [])
    }

    @Test(
        arguments: [
            ("[]", "reconnect - - -"),
            (#"["other.pool",3334]"#, "reconnect other.pool 3334 -"),
            (#"["other.pool","3334",5]"#, "reconnect other.pool 3334 5"),
            (#"[null,3334]"#, "reconnect - 3334 -"),
        ]
    )
    func everyShapeOfReconnectIsUnderstood(params: String, event: String) {
        var pool = PoolConversation()
        pool.becomesReady()
        #expect(pool.says(#"{"id":null,"method":"client.reconnect","params":\#(params)}"#) == [event])
    }

    @Test(
        arguments: [
            #"{"id":"3","result":true,"error":null}"#, #"{"id":null,"result":true,"error":null}"#,
            #"{"id":3.5,"result":true,"error":null}"#, #"{"id":99999999999999999999,"result":true}"#,
        ]
    )
    func repliesThatAreNotOursAreDropped(reply: String) {
        var pool = PoolConversation()
        pool.becomesReady()
        #expect(pool.says(reply) == [])
        #expect(pool.machine.isReady)
    }

    @Test func aReplyToAnotherRequestDoesNotEndAStep() {
        var pool = PoolConversation()
        _ = pool.opens()
        #expect(pool.says(Self.subscribed(2)) == [])
        #expect(pool.says(Self.subscribed(1)) == [Self.authorize(2), "subscribed 8: extranonce 4 + 8 bytes"])
        #expect(pool.says(Self.yes(1)) == [])
    }

    // MARK: Malformed

    @Test func aFewMalformedLinesAreSurvivedAndTold() {
        var pool = PoolConversation()
        pool.becomesReady()
        let told = "overstepped malformed JSON at byte 1: string expected"
        for _ in 0..<3 {
            for _ in 0..<4 { #expect(pool.says("{nonsense") == [told]) }
            #expect(pool.says(notifyLine("j2")).count == 1)
        }
        for _ in 0..<4 { _ = pool.says("{nonsense") }
        let did = pool.says("{nonsense")
        #expect(did.first?.hasPrefix("failed protocol-violation: 5 malformed lines") == true, "\(did)")
    }

    @Test func aStreamOfMalformedNotificationsIsNotSurvived() {
        var pool = PoolConversation()
        pool.becomesReady()
        let nonsense = #"{"method":"mining.set_extranonce","params":["zz"]}"#
        for _ in 0..<4 { #expect(pool.says(nonsense).first?.hasPrefix("overstepped mining.set_extranonce") == true) }
        #expect(pool.says(nonsense).first?.hasPrefix("failed protocol-violation") == true)
    }

    @Test func aMalformedJobIsNotSurvived() {
        var pool = PoolConversation()
        pool.becomesReady()
        let did = pool.says(#"{"method":"mining.notify","params":["j2","abc"]}"#)
        #expect(did.first?.hasPrefix("failed protocol-violation: mining.notify") == true, "\(did)")
        #expect(pool.says(notifyLine("j3")) == [])
    }
}

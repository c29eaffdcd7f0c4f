import Foundation
import Testing

@testable import ControlAPI

@Suite struct ControlResponderTests {
    /// The whole wire format of every answer: these names are a promise to users.
    @Test(arguments: [
        (
            #"{"command":"status"}"#,
            """
            {"ok":true,"result":{"ledger":{"gap_shares":0,"path":"/var/lib/router/ledger.sqlite","queued_bytes":3,"rows":1234642,\
            "state":"healthy"},"pid":42,"routes":[{"active_pools":["primary"],\
            "hashrate":1234000000000000,"hashrate_unit":"H/s",\
            "listeners":["0.0.0.0:3333"],"name":"btc","pools_total":3,"pools_usable":2,"protocol":"bitcoin",\
            "sessions":12,"shares":{"accepted":1234567,"counted":50,"duplicate":2,"lost":6,"low_difficulty":1,\
            "malformed":1,"pending":7,"rejected":4,"stale":3,"unauthorized":1},"workers":9}],\
            "started":"2026-01-02T03:04:05.678Z","state":"running","uptime_seconds":192.5,"version":"1.2.3",\
            "warnings":["pool second: certificate is not checked"]}}
            """
        ),
        (
            #"{"command":"pools","route":"btc"}"#,
            """
            {"ok":true,"result":[{"accepted":1000,"cause":"connected","difficulty":65536,"forwarded":1010,\
            "hashrate":1234000000000000,"hashrate_unit":"H/s",\
            "job_age_seconds":12.5,"lag_seconds":0.25,"latency_ms":41.5,"links":1,"lost":1,\
            "name":"primary","pending":5,"prevhash_age_seconds":300,"priority":1,"protocol":"bitcoin",\
            "reconnects":2,"rejected":4,"route":"btc",\
            "sessions":12,"since":"2026-01-02T03:04:05.678Z","state":"up","target_share":0.8,\
            "url":"stratum+tcp://pool.example.com:3333","weight":80,"work_share":0.798},\
            {"accepted":0,"cause":"silent","forwarded":0,"hashrate":0,"hashrate_unit":"H/s",\
            "last_error":"no job for 91 s","links":0,\
            "lost":0,"name":"backup","pending":0,"priority":2,"protocol":"bitcoin",\
            "reconnects":0,"rejected":0,"route":"btc",\
            "sessions":0,"since":"2026-01-02T03:04:05.678Z","state":"down","target_share":0,\
            "url":"stratum+ssl://backup.example.com:3443","weight":1,"work_share":0}]}
            """
        ),
        (
            #"{"command":"workers"}"#,
            """
            {"ok":true,"result":[{"difficulty":8192,"hashrate":110000000000000,"hashrate_unit":"H/s",\
            "last_share":"2026-01-02T03:04:05.678Z","pools":["primary"],"route":"btc","sessions":1,\
            "shares":{"accepted":100,"counted":0,"duplicate":3,"lost":0,"low_difficulty":0,"malformed":0,\
            "pending":0,"rejected":1,"stale":2,"unauthorized":0},"worker":"farm.rig1"}]}
            """
        ),
        (
            #"{"command":"sessions"}"#,
            """
            {"ok":true,"result":[{"accepted":100,"connected":"2026-01-02T03:04:05.678Z","difficulty":8192,\
            "extranonce1":"00a1b2c3","hashrate":110000000000000,"hashrate_uncertainty":0.08,"hashrate_unit":"H/s",\
            "id":17,\
            "last_share":"2026-01-02T03:04:05.678Z","pool":"primary","rejected":1,"remote":"192.0.2.7:40000","route":"btc","user_agent":"cgminer/4.12",\
            "version_mask":"1fffe000","worker":"farm.rig1"}]}
            """
        ),
        (
            #"{"command":"explain","worker":"farm.rig1"}"#,
            """
            {"ok":true,"result":[{"hashrate":110000000000000,"hashrate_uncertainty":0.08,"hashrate_unit":"H/s",\
            "link":"primary",\
            "movers":["backup failing","the balance"],"pool":"backup",\
            "pools":[{"lack_seconds":-3.2,"load_share":0.5,"name":"primary","priority":1,"state":"good",\
            "target_share":0.4,"weight":80,"work_share":0.25},\
            {"lack_seconds":12.4,"load_share":0.5,"name":"backup","objection":"put aside: too many refused",\
            "priority":2,"state":"ejected","target_share":0.6,"weight":1,"work_share":0.75}],\
            "reason":"backup is to have 60 % of the work","remote":"192.0.2.7:40000","route":"btc","rule":"east",\
            "session":17,"strict":false,"worker":"farm.rig1"}]}
            """
        ),
        (
            #"{"command":"explain","worker":"rig1"}"#,
            """
            {"error":{"code":"not_found",\
            "message":"no worker `rig1` is connected; there are similar ones: farm.rig1"},"ok":false}
            """
        ),
        (
            #"{"command":"explain","worker":"other\n"}"#,
            #"{"error":{"code":"not_found","message":"no worker `other\\n` is connected"},"ok":false}"#
        ),
        (
            #"{"command":"explain","worker":"farm.rig1","route":"ltc"}"#,
            #"{"error":{"code":"not_found","message":"no route is named `ltc`; there are btc"},"ok":false}"#
        ),
        (
            #"{"command":"pool_drain","name":"primary"}"#,
            #"{"ok":true,"result":{"message":"primary: drain"}}"#
        ),
        (
            #"{"command":"pool_disable","name":"backup"}"#,
            #"{"error":{"code":"refused","message":"backup is the only pool left"},"ok":false}"#
        ),
        (
            #"{"command":"pool_enable","name":"third\n"}"#,
            """
            {"error":{"code":"not_found","message":"no pool is named `third\\\\n`; there are primary, backup"},\
            "ok":false}
            """
        ),
        (
            #"{"command":"sessions","route":"ltc"}"#,
            #"{"error":{"code":"not_found","message":"no route is named `ltc`; there are btc"},"ok":false}"#
        ),
        (#"{"command":"session_kick","id":17}"#, #"{"ok":true,"result":{"message":"session 17 is closed"}}"#),
        (
            #"{"command":"session_kick","id":18}"#,
            #"{"error":{"code":"not_found","message":"there is no session 18"},"ok":false}"#
        ),
    ])
    func replyIsAsPromised(request: String, reply: String) async {
        let data = await ControlResponder(target: FakeTarget()).reply(to: Data(request.utf8))
        #expect(String(decoding: data, as: UTF8.self) == reply)
    }

    @Test func commandsReachTheRouter() async {
        let target = FakeTarget()
        let responder = ControlResponder(target: target)
        for action in ["drain", "enable", "disable"] {
            _ = await responder.reply(to: Data(#"{"command":"pool_\#(action)","name":"primary"}"#.utf8))
        }
        _ = await responder.reply(to: Data(#"{"command":"pool_drain","name":"backup","within_seconds":0}"#.utf8))
        _ = await responder.reply(to: Data(#"{"command":"session_kick","id":17}"#.utf8))
        _ = await responder.reply(to: Data(#"{"command":"session_kick"}"#.utf8))
        #expect(
            target.commands == [
                "drain primary within 30.0 seconds", "enable primary", "disable primary",
                "drain backup within 0.0 seconds", "kick 17",
            ]
        )
    }

    @Test func missingWorkerNamesTheSimilarOnesHarmlessly() async {
        let sessions = ["farm.rig\u{1b}[2J", "farm.rig9", "other", "farm.rig10", "", "farm.rig9"].map { worker in
            var session = SessionReport.sample
            session.worker = worker
            return session
        }
        let responder = ControlResponder(target: FakeTarget(sessions: sessions))
        await #expect(
            throws: ControlError(
                code: .notFound,
                message: "no worker `farm.rig` is connected; there are similar ones: farm.rig9, farm.rig10, "
                    + "farm.rig\\u{1b}[2J"
            )
        ) { try await responder.answer(.explain(worker: "farm.rig", route: nil)) }
    }

    @Test func workerThatIsNotPlacedYetIsNotCalledMissing() async {
        let responder = ControlResponder(target: FakeTarget(explanations: []))
        await #expect(
            throws: ControlError(code: .notFound, message: "`farm.rig1` is connected and has not been placed yet")
        ) { try await responder.answer(.explain(worker: "farm.rig1", route: "btc")) }
    }

    @Test func numberThatIsNoneDoesNotSpoilTheAnswer() async throws {
        var pool = PoolReport.primary
        pool.workShare = .nan
        pool.hashrate = .infinity
        let answer = ControlResponder.Answer.pools([pool])
        let json = try ControlCoding.encode(answer)
        #expect(String(decoding: json, as: UTF8.self).contains(#""work_share":"nan""#))
        let decoded = try ControlCoding.decode([PoolReport].self, from: json)
        #expect(decoded.first?.workShare.isNaN == true)
        #expect(decoded.first?.hashrate == .infinity)
    }

    @Test func everyMillisecondSurvives() throws {
        for millisecond in 0..<1000 {
            let date = Date(timeIntervalSince1970: 1_767_323_045 + Double(millisecond) / 1000)
            let digits = "00\(millisecond)".suffix(3)
            #expect(ControlCoding.time(date) == "2026-01-02T03:04:05.\(digits)Z")
        }
    }
}

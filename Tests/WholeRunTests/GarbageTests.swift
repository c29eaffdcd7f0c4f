import Persistence
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// Nothing that a peer sends ends the process or disturbs the others.
@Suite(.serialized) struct GarbageTests {
    private static let seed: UInt64 = 0x5eed

    // MARK: From miners

    /// Something a miner should not do, and what the router does about it.
    private struct Offence: Sendable {
        enum Outcome {
            case closed
            /// This text comes so many times, and the session still works.
            case answered(String, times: Int)
        }

        var name: String
        var bytes: [UInt8]
        /// Subscribed and authorised before.
        var isMining = false
        var outcome = Outcome.closed

        init(_ name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }

        init(_ name: String, _ text: String, isMining: Bool = false, _ outcome: Outcome = .closed) {
            self.name = name
            self.bytes = Array(text.utf8)
            self.isMining = isMining
            self.outcome = outcome
        }

        func commit(against port: Int) async throws {
            let miner = try await RawMiner.connect(to: port)
            if self.isMining {
                try await miner.begin(user: "offender")
                _ = try await miner.reply(2)
            }
            for start in stride(from: 0, to: self.bytes.count, by: 1 << 16) {
                // The router may have closed already.
                guard !miner.log.isClosed else { break }
                try? await miner.send(bytes: Array(self.bytes[start..<min(start + 1 << 16, self.bytes.count)]))
            }
            switch self.outcome {
            case .closed:
                try await miner.waitForClose("\(self.name): the router closes")
            case .answered(let text, let times):
                try await miner.wait("\(self.name): \(times) × \(text)") { $0.count(of: text) >= times }
                try await miner.send(#"{"id":77,"method":"mining.multi_version","params":[1]}"#)
                #expect(try await miner.reply(77).contains("true"), "\(self.name)")
                try await miner.close()
            }
        }
    }

    private static func offences() -> [Offence] {
        var generator = SeededGenerator(seed: Self.seed)
        let nested = String(repeating: "[", count: 8000)
        let pings = (1...1000).map { #"{"id":\#($0 + 1000),"method":"mining.multi_version","params":[1]}"# }
        return [
            Offence("random bytes", bytes: Array("x".utf8) + generator.bytes(200_000)),
            Offence("a cut message", #"{"id":1,"method":"mining.subscr"# + "\n"),
            Offence("10 MB without a line end", bytes: [UInt8](repeating: UInt8(ascii: "{"), count: 10 << 20)),
            Offence("10 MB in a string", #"{"id":1,"method":""# + String(repeating: "a", count: 10 << 20)),
            Offence("deep nesting", #"{"id":1,"method":"mining.subscribe","params":\#(nested)"# + "\n"),
            Offence("a bare number", "42\n"),
            Offence("HTTP", "GET / HTTP/1.1\r\nHost: pool\r\n\r\n"),
            Offence("TLS", bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
            Offence("PROXY protocol", "PROXY TCP4 192.0.2.1 192.0.2.2 40000 3333\r\n"),
            Offence("half a line and silence", #"{"id":1,"method":"mining.sub"#),
            Offence("silence", ""),
            Offence(
                "a flood", String(repeating: #"{"id":9,"method":"mining.multi_version"}"# + "\n", count: 5000),
                isMining: true),
            Offence("ten bad lines", String(repeating: "}{\n", count: 10), isMining: true),
            Offence(
                "1,000 objects in one segment", pings.joined(separator: "\n") + "\n", isMining: true,
                .answered("\"result\":true", times: 1001)),
            Offence(
                "huge numbers",
                #"{"id":5,"method":"mining.submit","params":["offender",1e999,-1,99999999999999999999,1e-999]}"# + "\n"
                    + #"{"id":1e999999,"method":"mining.suggest_difficulty","params":[1e400]}"# + "\n"
                    + #"{"id":6,"method":"mining.suggest_target","params":["\#(String(repeating: "f", count: 9000))"]}"#
                    + "\n"
                    + #"{"id":-9223372036854775808,"method":"mining.unheard","params":[1]}"# + "\n",
                isMining: true,
                .answered("-9223372036854775808", times: 1)),
            Offence(
                "absurd parameters",
                #"{"id":5,"method":"mining.submit","params":{"a":[]}}"# + "\n"
                    + #"{"id":6,"method":"mining.configure","params":[[1,null,{}],[]]}"# + "\n"
                    + #"{"id":7,"method":"mining.authorize","params":[[],{}]}"# + "\n"
                    + #"{"id":8,"method":"mining.subscribe"}"# + "\n",
                isMining: true,
                .answered("\"id\":8", times: 1)),
        ]
    }

    @Test(.timeLimit(.minutes(3)))
    func minersThatSendGarbageAreDroppedAndTheOthersMineOn() async throws {
        let pool = try await SmallWorld.pool("pool")
        var route = RouteConfiguration.local([.local(pool)])
        route.limits.linesPerSecond = 1_500
        route.limits.handshakeTimeout = .seconds(8)
        let router = try await RunningRouter.start([route])
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await farm.mineOn(1)

        print("seed \(Self.seed)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for offence in Self.offences() { group.addTask { try await offence.commit(against: router.port) } }
            try await group.waitForAll()
        }
        // Invalid UTF-8 in a name is a name like any other, or refused, but answered.
        let odd = try await RawMiner.connect(to: router.port)
        try await odd.send(
            bytes: Array(#"{"id":2,"method":"mining.authorize","params":[""#.utf8) + [0xff, 0xc0, 0x80]
                + Array(#"","x"]}"#.utf8)
                + [0x0a])
        try await odd.wait("an answer or the end") { $0.reply(2) != nil || $0.isClosed }
        try await odd.close()

        try await farm.mineOn(2)
        farm.expectUndisturbed()
        try await router.settle([farm], [pool])
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(3)))
    func minerThatNeverReadsIsDroppedAndTheOthersMineOn() async throws {
        let pool = try await SmallWorld.pool("pool") {
            $0.merkleBranchCount = 16
            $0.jobInterval = nil
        }
        var route = RouteConfiguration.local([.local(pool)])
        route.limits.outputBuffer = 32 << 10
        route.limits.linesPerSecond = 100_000
        let router = try await RunningRouter.start([route])
        // A NerdMiner's document is at most 4 KB; the others take what comes.
        let farm = try await SmallWorld.farm(3, port: router.port, profiles: [.plain, .cgminer, .cpuminer])
        try await farm.mineOn(1)
        // So many jobs at once outrun what a session remembers; those who read take them all, but mine afterwards.
        try await farm.rest()
        let deaf = try await RawMiner.connect(to: router.port, reads: false)
        try await deaf.begin(user: "deaf")
        try await router.eventually("the deaf miner has a session") { $0.sessions == 4 }
        // Answers that it does not read fill most of what the kernel holds for it.
        let id = String(repeating: "x", count: 240)
        for _ in 0..<5 {
            let line = #"{"id":"\#(id)","method":"mining.multi_version","params":[]}"# + "\n"
            try? await deaf.send(bytes: Array(String(repeating: line, count: 1000).utf8))
        }

        var jobs = 0
        while await router.sessionsPerPool() == [4] {
            try #require(jobs < 20_000, "the router never drops who does not read")
            for _ in 0..<100 { try await pool.sendJob(clean: true) }
            jobs += 100
            // Those who read keep up.
            let seen = jobs
            try await farm.wait("all jobs", until: { $0.allSatisfy { $0.jobs >= seen } })
        }
        print("dropped after \(jobs) jobs")
        for miner in farm.miners { try await miner.resume() }
        try await deaf.read()
        try await deaf.waitForClose()

        try await farm.mineOn(1)
        farm.expectUndisturbed()
        try await router.settle([farm], [pool])
        #expect(try router.events("session_closed").contains { $0.cause == SessionCloseReason.tooSlow.rawValue })
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(2)))
    func connectionsBeyondTheLimitsAreRefusedAndPlacesAreGivenBack() async throws {
        let pool = try await SmallWorld.pool("pool")
        var route = RouteConfiguration.local([.local(pool)])
        route.limits.connectionsPerAddress = 4
        let router = try await RunningRouter.start([route])
        let farm = try await SmallWorld.farm(2, port: router.port)
        try await farm.mineOn(1)

        let guests = [
            try await RawMiner.mining(on: router.port, user: "guest.1"),
            try await RawMiner.mining(on: router.port, user: "guest.2"),
        ]
        let refused = try await RawMiner.connect(to: router.port)
        try await refused.waitForClose("the fifth is refused")
        #expect(router.assembly.routes.map(\.refusedConnections) == [1])
        for guest in guests { try await guest.close() }
        try await router.eventually("both have gone") { $0.sessions == 2 }
        let welcome = try await RawMiner.mining(on: router.port, user: "guest.3")
        try await welcome.close()

        farm.expectUndisturbed()
        try await router.settle([farm], [pool])
        try router.removeFiles()
    }

    @Test(.timeLimit(.minutes(1)))
    func floodBeforeTheRouteIsOpenIsCutOffAndThePatientAreServed() async throws {
        let pool = try await SmallWorld.pool("pool")
        try await pool.inject(.freeze)
        var health = HealthConfiguration.quick
        health.handshakeTimeout = .seconds(120)
        let router = try await RunningRouter.start([.local([.local(pool)], health: health)])
        let patient = try await RawMiner.connect(to: router.port)
        try await patient.begin(user: "patient")
        // Whole lines or not: nothing is read yet, and little is kept.
        for text in [String(repeating: "x", count: 1 << 16), String(repeating: "{}\n", count: 1 << 16)] {
            let flooder = try await RawMiner.connect(to: router.port)
            try? await flooder.send(bytes: Array(text.utf8))
            try await flooder.waitForClose()
        }
        #expect(patient.log.lines.isEmpty)
        try await pool.inject(.healthy)
        try await patient.wait("the first job") { $0.params(of: "mining.notify") != nil }
        try await patient.close()
        try await router.settle([], [pool])
        try router.removeFiles()
    }

    // MARK: From pools

    @Test(.timeLimit(.minutes(3)))
    func poolThatSendsGarbageLosesItsMinersToTheBackup() async throws {
        var generator = SeededGenerator(seed: Self.seed)
        print("seed \(Self.seed)")
        let garbage: [[UInt8]] = [
            generator.bytes(300_000),
            [UInt8](repeating: UInt8(ascii: "["), count: 10 << 20),
            Array(String(repeating: "null\n", count: 20).utf8),
            Array(
                ("HTTP/1.1 400 Bad Request\r\nServer: x\r\nDate: x\r\nContent-Length: 0\r\nConnection: close\r\n").utf8),
            Array((String(repeating: #"{"a":"#, count: 5_000) + "\n").utf8),
        ]
        let primary = try await SmallWorld.pool("primary", seed: 1)
        let backup = try await SmallWorld.pool("backup", seed: 2)
        var health = HealthConfiguration.quick
        health.failbackAfter = .seconds(1)
        let router = try await RunningRouter.start([
            .local([.local(primary), .local(backup, priority: 2)], health: health)
        ])
        let farm = try await SmallWorld.farm(5, port: router.port)
        try await farm.mineOn(1)

        for bytes in garbage {
            let mined = primary.log.acceptedShares
            try await primary.inject(.garbage(bytes))
            // What the pool sends once it may survive; a link must go on or be replaced, and work goes on meanwhile.
            try await farm.mineOn(1, "mining while the primary sends \(bytes.count) bytes of garbage")
            try await primary.inject(.healthy)
            try await primary.wait("failback", until: { $0.acceptedShares >= mined + 5 }, timeout: .seconds(60))
        }
        #expect(backup.log.acceptedShares > 0)
        #expect(farm.totals.disconnects == 0)
        try await router.settle([farm], [primary, backup])
        try router.removeFiles()
    }

    /// A pool that talks nonsense, and whether it can be mined on all the same.
    struct Nonsense: Sendable {
        var name: String
        var isBearable = false
        var priority = 1
        var script = RawPoolScript()

        init(
            _ name: String, isBearable: Bool = false, priority: Int = 1, _ change: (inout RawPoolScript) -> Void
        ) {
            self.name = name
            self.isBearable = isBearable
            self.priority = priority
            change(&self.script)
        }
    }

    private static func bearable(_ name: String, _ lines: String...) -> Nonsense {
        Nonsense(name, isBearable: true) { $0.afterJob = lines }
    }

    private static func nonsense() -> [Nonsense] {
        let huge = "\"" + String(repeating: "00", count: 40_000) + "\""
        let branches =
            "[" + [String](repeating: "\"\(String(repeating: "ab", count: 32))\"", count: 400).joined(separator: ",")
            + "]"
        func subscription(_ name: String, _ text: String) -> Nonsense { Nonsense(name) { $0.subscription = text } }
        func size(_ size: String) -> Nonsense {
            subscription("extranonce2 size \(size)", #"[[["mining.notify","s"]],"a1b2c3d4",\#(size)]"#)
        }
        func job(_ name: String, _ line: String) -> Nonsense { Nonsense(name) { $0.notify = line } }
        func extranonce(_ params: String) -> String {
            #"{"id":null,"method":"mining.set_extranonce","params":\#(params)}"#
        }
        func difficulty(_ text: String) -> String {
            #"{"id":null,"method":"mining.set_difficulty","params":[\#(text)]}"#
        }
        func mask(_ text: String) -> String { #"{"id":null,"method":"mining.set_version_mask","params":[\#(text)]}"# }
        func reconnect(_ params: String) -> String { #"{"id":null,"method":"client.reconnect","params":\#(params)}"# }
        return [
            Nonsense("10 MB at once") { $0.greeting = [UInt8](repeating: 0x20, count: 10 << 20) },
            size("0"), size("1"), size("2"), size("-1"), size("65"), size("1e300"), size("99999999999999999999"),
            size("null"),
            subscription("subscription true", "true"), subscription("subscription []", "[]"),
            subscription("subscription {}", #"{"0":[],"1":"aa","2":8}"#),
            subscription("extranonce1 of 4 KB", #"[[],"\#(String(repeating: "00", count: 4096))",8]"#),
            subscription("extranonce1 not hex", #"[[],"zz",8]"#),
            subscription("nested", String(repeating: "[", count: 500) + String(repeating: "]", count: 500)),
            job("no parameters", #"{"id":null,"method":"mining.notify","params":[]}"#),
            job("parameters null", #"{"id":null,"method":"mining.notify","params":null}"#),
            job("job id of 10 KB", RawPoolScript.notify(id: "\"" + String(repeating: "j", count: 10_240) + "\"")),
            job("huge coinbase", RawPoolScript.notify(coinbase1: huge)),
            job("400 branches", RawPoolScript.notify(branches: branches)),
            job("short previous hash", RawPoolScript.notify(previousHash: "\"00\"")),
            job("version as a number", RawPoolScript.notify(version: "-1")),
            job("nbits of nine digits", RawPoolScript.notify(nbits: "\"123456789\"")),
            job("ntime empty", RawPoolScript.notify(ntime: "\"\"")),
            Nonsense("difficulty 1e308", priority: 3) { $0.difficulty = "1e308" },
            Nonsense("difficulty 5e-324", priority: 3) { $0.difficulty = "5e-324" },
            Self.bearable(
                "set_difficulty nonsense", difficulty("0"), difficulty("-1"), difficulty("NaN"), difficulty("\"a\"")),
            Self.bearable(
                "version mask nonsense", mask("\"ffffffff\""), mask("\"xyz\""), mask("-1"), mask("\"00000000\"")),
            Self.bearable(
                "set_extranonce nonsense", extranonce(#"["zz",4]"#), extranonce("[]"), extranonce(#"["aa",-3]"#)),
            Self.bearable(
                "reconnect to a stranger", reconnect(#"["192.0.2.66",3333]"#), reconnect(#"["evil.example","1",0]"#),
                reconnect(#"[null,70000]"#), reconnect(#"[null,"x",-5]"#)),
            Self.bearable(
                "verdicts nobody asked for", #"{"id":4711,"result":true,"error":null}"#,
                #"{"id":-1,"result":true,"error":null}"#, #"{"id":"5","result":true,"error":null}"#,
                #"{"id":1e400,"result":false,"error":null}"#, #"{"id":null,"result":true,"error":null}"#),
            Nonsense("verdicts of odd shape", isBearable: true) {
                $0.verdict = #""result":{"a":[1]},"error":"\ud800""#
            },
        ]
    }

    @Test(.timeLimit(.minutes(3)))
    func minersOfPoolsThatTalkNonsenseMineOnOnTheGoodOne() async throws {
        let good = try await SmallWorld.pool("good")
        var health = HealthConfiguration.quick
        health.handshakeTimeout = .seconds(6)
        var routes: [RouteConfiguration] = []
        var hostile: [RawPool] = []
        let cases = Self.nonsense()
        for nonsense in cases {
            let pool = try await RawPool.start("hostile", nonsense.script)
            hostile.append(pool)
            let endpoint = PoolEndpoint(transport: .tcp, host: "127.0.0.1", port: pool.port)
            var route = RouteConfiguration.local(
                [
                    PoolConfiguration(
                        name: pool.name, endpoint: endpoint, user: "account", priority: nonsense.priority),
                    .local(good, priority: 2),
                ],
                health: health
            )
            route.name = nonsense.name
            routes.append(route)
        }
        let router = try await RunningRouter.start(routes)
        var farms: [SimulatedFarm] = []
        for nonsense in cases {
            let port = router.port(of: nonsense.name)
            farms.append(
                try await SmallWorld.farm(
                    1, port: port, user: nonsense.name, profiles: [.cgminer], hashesPerSecond: 300))
        }
        for (nonsense, farm) in zip(cases, farms) {
            // Answered, that is: a pool may refuse every share and be a pool all the same.
            try await farm.wait(
                "\(nonsense.name): verdicts", until: { $0.allSatisfy { $0.accepted + $0.rejected >= 3 } })
            #expect(farm.totals.disconnects == 0, "\(nonsense.name)")
        }
        let rows = try await router.settle(farms, [good])
        for nonsense in cases {
            let mine = rows.filter { $0.route == nonsense.name }
            #expect(mine.contains { $0.pool == (nonsense.isBearable ? "hostile" : "good") }, "\(nonsense.name)")
            #expect(mine.allSatisfy { nonsense.isBearable || $0.pool == "good" }, "\(nonsense.name)")
        }
        for pool in hostile { try await pool.stop() }
        try router.removeFiles()
    }
}

import NIOCore
import PoolPool
import Router
import Simulation
import Testing

@testable import RouterCLI

/// Nothing that a peer of any protocol sends ends the process or disturbs the others.
@Suite(.serialized) struct ProtocolGarbageTests {
    private static let seed: UInt64 = 0x9a7ba9e
    private static let protocols = SimulatedProtocol.allCases.filter { $0 != .bitcoin }

    /// A route for each protocol, with farms that mine well all the time.
    private struct Stage {
        var router: RunningRouter
        var pools: [SimulatedProtocol: [SimulatedPool]] = [:]
        var farms: [SimulatedProtocol: SimulatedFarm] = [:]

        static func open(pools count: Int, _ change: (inout RouteConfiguration) -> Void) async throws -> Stage {
            var routes: [RouteConfiguration] = []
            var pools: [SimulatedProtocol: [SimulatedPool]] = [:]
            for (index, `protocol`) in ProtocolGarbageTests.protocols.enumerated() {
                for number in 0..<count {
                    let pool = try await ProtocolTests.pool(
                        "\(`protocol`.rawValue)-\(number)", `protocol`, seed: UInt64(10 * index + number)
                    )
                    pools[`protocol`, default: []].append(pool)
                }
                let configurations = (pools[`protocol`] ?? []).enumerated().map { index, pool in
                    PoolConfiguration.local(pool, priority: index + 1)
                }
                var route = try ProtocolTests.route(`protocol`, configurations)
                change(&route)
                routes.append(route)
            }
            var stage = Stage(router: try await RunningRouter.start(routes), pools: pools)
            for `protocol` in ProtocolGarbageTests.protocols {
                stage.farms[`protocol`] = try await Self.farm(`protocol`, port: stage.port(`protocol`))
            }
            for farm in stage.farms.values { try await farm.mineOn(1) }
            return stage
        }

        /// Faster than others, so that nobody has to wait for long.
        private static func farm(_ protocol: SimulatedProtocol, port: Int) async throws -> SimulatedFarm {
            var configurations = SimulatedFarm.configurations(
                count: 3, speaking: `protocol`, user: "\(`protocol`.rawValue).farm", port: port
            )
            for index in configurations.indices {
                configurations[index].hashesPerSecond *= 3
                configurations[index].reconnectDelay = .milliseconds(100)
            }
            return try await SimulatedFarm.start(configurations, on: SmallWorld.outside)
        }

        func port(_ protocol: SimulatedProtocol) -> Int { self.router.port(of: `protocol`.rawValue) }

        func settle() async throws {
            try await self.router.settle(Array(self.farms.values), self.pools.values.flatMap { $0 })
            try self.router.removeFiles()
        }
    }

    // MARK: From miners

    @Test(.timeLimit(.minutes(2)))
    func minersThatSendGarbageAreAnsweredOrDroppedAndTheOthersMineOn() async throws {
        print("seed \(Self.seed)")
        let stage = try await Stage.open(pools: 1) {
            $0.limits.linesPerSecond = 1_500
            $0.limits.handshakeTimeout = .seconds(8)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for `protocol` in Self.protocols {
                let port = stage.port(`protocol`)
                for (name, bytes) in Self.offences(`protocol`) {
                    group.addTask { try await Self.expectClosed("\(`protocol`) \(name)", bytes, port: port) }
                }
                group.addTask { try await Self.sendAbsurdities(`protocol`, port: port) }
                group.addTask { try await Self.sendMutations(`protocol`, port: port) }
            }
            try await group.waitForAll()
        }
        for farm in stage.farms.values {
            try await farm.mineOn(1)
            farm.expectUndisturbedLinks()
        }
        for route in stage.router.assembly.routes { #expect(route.refusedConnections == 0) }
        try await stage.settle()
    }

    /// What the router closes upon, whoever should have sent it.
    private static func offences(_ protocol: SimulatedProtocol) -> [(String, [UInt8])] {
        var generator = SeededGenerator(seed: Self.seed ^ UInt64(`protocol`.rawValue.utf8.count))
        let hello = `protocol`.hello.joined(separator: "\n") + "\n"
        let half = `protocol`.hello[0].dropLast(`protocol`.hello[0].count / 2)
        return [
            ("random bytes", Array("x".utf8) + generator.bytes(200_000)),
            ("4 MB without a line end", [UInt8](repeating: UInt8(ascii: "{"), count: 4 << 20)),
            ("4 MB in a string", Array((hello + #"{"id":1,"method":""# + String(repeating: "a", count: 4 << 20)).utf8)),
            ("deep nesting", Array((#"{"id":1,"method":"# + String(repeating: "[", count: 8000) + "\n").utf8)),
            ("half a line and silence", Array(half.utf8)),
            ("a bare number", Array("42\n".utf8)),
            ("ten bad lines", Array((hello + String(repeating: "}{\n", count: 10)).utf8)),
            ("a flood", Array((hello + String(repeating: #"{"id":9,"method":"x.y"}"# + "\n", count: 5000)).utf8)),
        ]
    }

    private static func expectClosed(_ name: String, _ bytes: [UInt8], port: Int) async throws {
        let miner = try await RawMiner.connect(to: port)
        for start in stride(from: 0, to: bytes.count, by: 1 << 16) {
            // The router may have closed already.
            guard !miner.log.isClosed else { break }
            try? await miner.send(bytes: Array(bytes[start..<min(start + 1 << 16, bytes.count)]))
        }
        try await miner.waitForClose("\(name): the router closes")
    }

    /// A session that is up says things that make no sense: each is answered once.
    private static func sendAbsurdities(_ protocol: SimulatedProtocol, port: Int) async throws {
        let miner = try await RawMiner.connect(to: port)
        for line in `protocol`.hello { try await miner.send(line) }
        _ = try await miner.reply(`protocol`.hello.count)
        for (index, line) in `protocol`.absurdities.enumerated() {
            try? await miner.send(line.replacing("ID", with: "\(500 + index)"))
        }
        for (index, line) in `protocol`.absurdities.enumerated() {
            let what = "\(`protocol`): \(line.prefix(100))"
            try await miner.wait("an answer to \(what)") { $0.reply(500 + index) != nil || $0.isClosed }
            #expect(miner.log.count(of: "\"id\":\(500 + index),") == 1, "\(what)")
        }
        #expect(!miner.log.isClosed, "\(`protocol`)")
        try await miner.close()
    }

    /// Good lines with some bytes that are not: answered in the end, or closed.
    private static func sendMutations(_ protocol: SimulatedProtocol, port: Int) async throws {
        var generator = SeededGenerator(seed: Self.seed &+ UInt64(port))
        let seed = Self.seed &+ UInt64(port)
        let lines = `protocol`.hello + `protocol`.absurdities
        let probes = String(repeating: "\n" + #"{"id":77,"method":"x.unheard","params":[]}"#, count: 12) + "\n"
        for round in 0..<25 {
            var bytes: [UInt8] = []
            for line in lines {
                bytes += Self.mutated(Array(line.utf8), using: &generator) + [UInt8(ascii: "\n")]
            }
            let miner = try await RawMiner.connect(to: port)
            try? await miner.send(bytes: bytes + Array(probes.utf8))
            try await miner.wait("\(`protocol`), seed \(seed), round \(round): an answer or the end") {
                $0.count(of: "77") > 0 || $0.isClosed
            }
            try await miner.close()
        }
    }

    /// A few bytes are changed, left out or said twice.
    private static func mutated(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            guard let index = bytes.indices.randomElement(using: &generator) else { break }
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(bytes[index], at: index)
            default: bytes[index] = Array(#"{}[]",:0-9e"#.utf8).randomElement(using: &generator) ?? 0
            }
        }
        return bytes
    }

    // MARK: From pools

    @Test(.timeLimit(.minutes(2)))
    func poolsThatSendGarbageKeepOrLoseTheirMinersAndAllMineOn() async throws {
        print("seed \(Self.seed)")
        let stage = try await Stage.open(pools: 2) {
            $0.health.failbackAfter = .milliseconds(500)
            $0.health.handshakeTimeout = .seconds(3)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for `protocol` in Self.protocols {
                guard let primary = stage.pools[`protocol`]?.first, let farm = stage.farms[`protocol`] else { continue }
                group.addTask {
                    for (name, bytes) in Self.garbage(`protocol`) {
                        try await primary.inject(.garbage(bytes))
                        try await farm.mineOn(1, "\(`protocol`) goes on: \(name)")
                        try await primary.inject(.healthy)
                    }
                    // Whatever it has said, it is a pool like any other once it talks sense again.
                    let mined = primary.log.acceptedShares
                    try await primary.wait(
                        "\(`protocol`): failback", until: { $0.acceptedShares >= mined + 3 }, timeout: .seconds(60)
                    )
                }
            }
            try await group.waitForAll()
        }
        for (`protocol`, farm) in stage.farms { #expect(farm.totals.violations.isEmpty, "\(`protocol`)") }
        try await stage.settle()
    }

    /// Each ends with what no link outlives, so that no half-valid setting stays behind.
    private static func garbage(_ protocol: SimulatedProtocol) -> [(String, [UInt8])] {
        var generator = SeededGenerator(seed: Self.seed ^ UInt64(`protocol`.rawValue.utf8.count))
        let end = Array(String(repeating: "}{\n", count: 20).utf8)
        let nulls = String(repeating: "null\n", count: 20)
        var mutations: [UInt8] = []
        for _ in 0..<50 {
            for line in `protocol`.poolLines {
                mutations += Self.mutated(Array(line.utf8), using: &generator) + [UInt8(ascii: "\n")]
            }
        }
        return [
            ("random bytes", generator.bytes(300_000)),
            ("a giant line", [UInt8](repeating: UInt8(ascii: "["), count: 2 << 20)),
            ("mutated lines", mutations + end),
            ("half a line and nulls", Array((`protocol`.poolLines[0].dropLast(20) + nulls).utf8)),
        ]
    }
}

extension SimulatedProtocol {
    /// What a miner says until it is up.
    fileprivate var hello: [String] {
        switch self {
        case .bitcoin, .scrypt:
            [
                #"{"id":1,"method":"mining.subscribe","params":["raw/1.0"]}"#,
                #"{"id":2,"method":"mining.authorize","params":["raw","x"]}"#,
            ]
        case .equihash:
            [
                #"{"id":1,"method":"mining.subscribe","params":["raw/1.0",null,"127.0.0.1",3333]}"#,
                #"{"id":2,"method":"mining.authorize","params":["raw","x"]}"#,
                #"{"id":3,"method":"mining.extranonce.subscribe","params":[]}"#,
            ]
        case .cryptonote:
            [
                #"{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"raw","pass":"x","agent":"raw/1.0"}}"#
            ]
        case .ethProxy:
            [
                #"{"id":1,"jsonrpc":"2.0","method":"eth_submitLogin","params":["raw"]}"#,
                #"{"id":2,"jsonrpc":"2.0","method":"eth_getWork","params":[]}"#,
            ]
        case .ethereumStratum1:
            [
                #"{"id":1,"method":"mining.subscribe","params":["raw/1.0","EthereumStratum/1.0.0"]}"#,
                #"{"id":2,"method":"mining.authorize","params":["raw","x"]}"#,
                #"{"id":3,"method":"mining.extranonce.subscribe","params":[]}"#,
            ]
        case .ethereumStratum2:
            [
                #"{"id":1,"method":"mining.hello","params":{"agent":"raw/1.0","host":"127.0.0.1","port":"d05","#
                    + #""proto":"EthereumStratum/2.0.0"}}"#,
                #"{"id":2,"method":"mining.subscribe","params":"raw"}"#,
                #"{"id":3,"method":"mining.authorize","params":["raw","x"]}"#,
            ]
        }
    }

    /// Requests that nobody can mean, with `ID` for their ids.
    fileprivate var absurdities: [String] {
        let f = String(repeating: "f", count: 9_000)
        let submit =
            switch self {
            case .cryptonote: "submit"
            case .ethProxy: "eth_submitWork"
            default: "mining.submit"
            }
        let login =
            switch self {
            case .cryptonote: "login"
            case .ethProxy: "eth_submitLogin"
            default: "mining.authorize"
            }
        return [
            #"{"id":ID,"method":"\#(submit)","params":[]}"#,
            #"{"id":ID,"method":"\#(submit)","params":null}"#,
            #"{"id":ID,"method":"\#(submit)"}"#,
            #"{"id":ID,"method":"\#(submit)","params":{"id":[],"job_id":{},"nonce":-1,"result":1e999}}"#,
            #"{"id":ID,"method":"\#(submit)","params":["raw",1e999,-1,99999999999999999999,1e-999]}"#,
            #"{"id":ID,"method":"\#(submit)","params":["raw","1","0","0","\#(f)"]}"#,
            #"{"id":ID,"method":"\#(submit)","params":["0xffffffffffffffff","0x\#(f)","0x"]}"#,
            #"{"id":ID,"method":"\#(submit)","params":[[],{},[[]],null,true]}"#,
            #"{"id":ID,"method":"\#(login)","params":[[],{}]}"#,
            #"{"id":ID,"method":"\#(login)","params":{"login":[],"pass":{},"agent":0}}"#,
            #"{"id":ID,"method":"\#(f)","params":[]}"#,
            #"{"id":ID,"method":"\u0000","params":[]}"#,
        ]
    }

    /// What its pools say, more or less.
    fileprivate var poolLines: [String] {
        let hash = String(repeating: "4d16b6f8", count: 8)
        switch self {
        case .bitcoin, .scrypt:
            return [
                RawPoolScript.notify(), #"{"id":null,"method":"mining.set_difficulty","params":[0.001]}"#,
                #"{"id":null,"method":"mining.set_extranonce","params":["a1b2c3d4",8]}"#,
            ]
        case .equihash:
            return [
                #"{"id":null,"method":"mining.notify","params":["1","04000000","\#(hash)","\#(hash)","\#(hash)","#
                    + #""6553f100","0f0f0f20",true]}"#,
                #"{"id":null,"method":"mining.set_target","params":["\#(hash)"]}"#,
                #"{"id":null,"method":"mining.set_extranonce","params":["a1b2c3d4"]}"#,
            ]
        case .cryptonote:
            let blob = "0e0e" + String(repeating: "ab", count: 74)
            return [
                #"{"jsonrpc":"2.0","method":"job","params":{"blob":"\#(blob)","job_id":"1","target":"ffffff00","#
                    + #""algo":"rx/0","height":7,"seed_hash":"\#(hash)","id":"s"}}"#,
                #"{"id":1,"jsonrpc":"2.0","error":null,"result":{"status":"OK"}}"#,
            ]
        case .ethProxy:
            return [
                #"{"id":0,"jsonrpc":"2.0","result":["0x\#(hash)","0x\#(hash)","0x00ff\#(hash.dropLast(4))"]}"#,
                #"{"id":7,"jsonrpc":"2.0","result":true}"#,
            ]
        case .ethereumStratum1:
            return [
                #"{"id":null,"method":"mining.notify","params":["1","\#(hash)","\#(hash)",true]}"#,
                #"{"id":null,"method":"mining.set_difficulty","params":[0.001]}"#,
                #"{"id":null,"method":"mining.set_extranonce","params":["a1b2"]}"#,
            ]
        case .ethereumStratum2:
            return [
                #"{"method":"mining.notify","params":["1","7","\#(hash)","1"]}"#,
                #"{"method":"mining.set","params":{"epoch":"1","target":"\#(hash)","algo":"ethash","extranonce":"a1b2"}}"#,
            ]
        }
    }
}

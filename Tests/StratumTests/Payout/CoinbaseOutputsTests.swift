import Foundation
import NIOCore
import Stratum
import Testing

@Suite struct CoinbaseOutputsTests {
    private static let data = bytes("6a24aa21a9ed") + Array(repeating: 7, count: 32)

    private static func read(
        _ coinbase1: [UInt8] = TestCoinbase.part1,
        _ coinbase2: [UInt8],
        extranonceCount: Int = TestCoinbase.extranonceCount
    ) throws(CoinbaseError) -> CoinbaseOutputs {
        try CoinbaseOutputs(coinbase1: coinbase1, extranonceCount: extranonceCount, coinbase2: coinbase2)
    }

    /// The jobs of a recorded conversation with a pool that gives extranonces of 4 and 8 bytes.
    private static func recordedJobs(_ file: String) throws -> [Job] {
        try resource(file, in: "Transcripts").split(separator: "\n").compactMap { recorded in
            guard let start = recorded.range(of: " << ")?.upperBound,
                case .notification(.notify(let job), _) = try? PoolMessage.decode(line(String(recorded[start...])))
            else {
                return nil
            }
            return job
        }
    }

    @Test(arguments: [
        ("ckpool-minerd.txt", "0014fd8b1a0b2a4c387d0a418969c62f2812c76ee45d"),
        ("ckpool-probe.txt", "0014fd8b1a0b2a4c387d0a418969c62f2812c76ee45d"),
        ("ckpool-restart-handover.txt", "0014fd8b1a0b2a4c387d0a418969c62f2812c76ee45d"),
        ("ckpool2017-probe.txt", "76a914243f1394f44554f4ce3fd68649c19adc483ce92488ac"),
    ])
    func recordedJobsPayTheirPool(file: String, script: String) throws {
        let jobs = try Self.recordedJobs(file)
        #expect(!jobs.isEmpty)
        for job in jobs {
            let coinbase = try Self.read(job.coinbase1, job.coinbase2)
            #expect(coinbase.payoutScripts.map(hex) == [script])
            #expect(coinbase.outputs.map(\.value) == [5_000_000_000, 0])
            #expect(coinbase.outputs.map(\.isData) == [false, true])
            #expect(coinbase.outputs.map(\.containsExtranonce) == [false, false])
        }
    }

    @Test(arguments: [
        ("bitcoin block 413567", "76a914c825a1ecf2a6830c4401620c3a16f1995057c2ab88ac"),
        ("bitcoin block 277647", "76a91427a1f12771de5cc3b73941664b2537c15316be4388ac"),
        (
            "bitcoin block 170, empty extranonce1",
            "4104d46c4968bde02899d2aa0963367c7a6ce34eec332b32e42e5f3407e052d64ac625da6f0718e7b302140434bd725706957c092db538"
                + "05b821a85b23a7ac61725bac"
        ),
        ("version rolling, full BIP320 mask", "00144567007f383afada5e244836e7b698c48dba589b"),
    ])
    func knownBlocksPayTheirFinder(name: String, script: String) throws {
        let text = try resource("sha256d.json", in: "Vectors")
        let vectors = try #require(try JSONValue(parsing: line(text)).object?["vectors"]?.array)
        let vector = try #require(vectors.first { $0.object?["name"]?.string == name }?.object)
        let result = json(try #require(vector["subscribe_result"]))
        let params = json(try #require(vector["notify_params"]))
        guard case .response(_, let response) = try PoolMessage.decode(line("{\"id\":1,\"result\":\(result)}")),
            case .notification(.notify(let job), _) = try PoolMessage.decode(
                line("{\"id\":null,\"method\":\"mining.notify\",\"params\":\(params)}")
            )
        else {
            Issue.record("other messages")
            return
        }
        let subscription = try #require(response.subscription)
        let coinbase = try Self.read(
            job.coinbase1,
            job.coinbase2,
            extranonceCount: subscription.extranonce1.count + subscription.extranonce2Size
        )
        #expect(coinbase.payoutScripts.map(hex) == [script])
    }

    @Test func payoutsAreInOrderOnceAndWithoutDataAndEmptyOutputs() throws {
        let (first, second) = (TestCoinbase.script(1), TestCoinbase.script(2))
        let coinbase = try Self.read(
            TestCoinbase.part1,
            TestCoinbase.part2([
                (3, second), (0, TestCoinbase.script(3)), (9, Self.data), (1, first), (2, second), (1, []),
            ])
        )
        #expect(coinbase.payoutScripts == [second, first, []])
        #expect(coinbase.outputs.map(\.value) == [3, 0, 9, 1, 2, 1])
        #expect(coinbase.outputs.map(\.script.count) == [22, 22, 38, 22, 22, 0])
        #expect(coinbase.openPayoutScripts.isEmpty)
    }

    @Test func scriptsOfThreeByteLengthsAreRead() throws {
        let script: [UInt8] = Array(repeating: 0x51, count: 253)
        let output = bytes("0100000000000000" + "fdfd00") + script
        let coinbase = try Self.read(TestCoinbase.part1, bytes("ffffffff01") + output + bytes("00000000"))
        #expect(coinbase.payoutScripts == [script])
    }

    @Test func timeBehindTheVersionIsTolerated() throws {
        for time in ["d7e4026b", "01e4026b", "0001026b"] {
            let part1 = TestCoinbase.part1.prefix(4) + bytes(time) + TestCoinbase.part1.dropFirst(4)
            let coinbase = try Self.read(Array(part1), TestCoinbase.part2(paying: [TestCoinbase.script(1)]))
            #expect(coinbase.payoutScripts == [TestCoinbase.script(1)], "\(time)")
        }
    }

    @Test func bytesBehindTheLockTimeAreTolerated() throws {
        let payload = bytes("260100c25c0d00") + Array(repeating: 9, count: 32)
        let coinbase = try Self.read(TestCoinbase.part1, TestCoinbase.part2(paying: [TestCoinbase.script(1)]) + payload)
        #expect(coinbase.payoutScripts == [TestCoinbase.script(1)])
    }

    /// Until the extranonces, in the second output's script: `value`, `before`, 8 bytes of them, `after`.
    private static func extranoncesInOutput(value: UInt64, before: [UInt8], after: [UInt8]) -> ([UInt8], [UInt8]) {
        let input = TestCoinbase.part1 + Array(repeating: 0, count: 12) + bytes("ffffffff")
        let output = TestCoinbase.output(value: value, script: before + Array(repeating: 0, count: 8) + after)
        let start = input + [2] + TestCoinbase.output(value: 5, script: TestCoinbase.script(1))
        return (start + output.dropLast(8 + after.count), after + bytes("00000000"))
    }

    @Test func extranoncesInDataLeaveThePayoutsAlone() throws {
        // As p2pool does it: behind the extranonces there is only the lock time.
        let (part1, part2) = Self.extranoncesInOutput(
            value: 0, before: bytes("6a28") + Array(repeating: 7, count: 32), after: []
        )
        let coinbase = try Self.read(part1, part2, extranonceCount: 8)
        #expect(part2.count == 4)
        #expect(coinbase.payoutScripts == [TestCoinbase.script(1)])
        #expect(coinbase.openPayoutScripts.isEmpty)
        #expect(coinbase.outputs.map(\.containsExtranonce) == [false, true])
    }

    @Test func outputWithExtranoncesInItsScriptIsNoOrdinaryPayout() throws {
        let (part1, part2) = Self.extranoncesInOutput(value: 5, before: [8], after: bytes("7551"))
        let coinbase = try Self.read(part1, part2, extranonceCount: 8)
        #expect(coinbase.payoutScripts == [TestCoinbase.script(1)])
        #expect(coinbase.openPayoutScripts == [bytes("0800000000000000007551")])
    }

    @Test func outputWithExtranoncesForAValueIsNoOrdinaryPayout() throws {
        let input = TestCoinbase.part1 + Array(repeating: 0, count: 12) + bytes("ffffffff01")
        let coinbase = try Self.read(input, [22] + TestCoinbase.script(1) + bytes("00000000"), extranonceCount: 8)
        #expect(coinbase.payoutScripts.isEmpty)
        #expect(coinbase.openPayoutScripts == [TestCoinbase.script(1)])
    }

    @Test(arguments: [
        // Before the extranonces, how many bytes they have, behind them, what they are in.
        ("", 4, "", "version"),
        ("0100000001", 1, String(repeating: "00", count: 31) + "ffffffff0151", "input"),
        (inputStart, 1, "51", "input script's length"),
        (inputStart + "0151ffffffff", 1, "", "number of outputs"),
        (inputStart + "0151fffffffffd", 1, "01", "number of outputs"),
        (inputStart + "0151ffffffff010100000000000000", 1, "5100000000", "length of an output's script"),
        (inputStart + "0151ffffffff01010000000000", 3, "5100000000", "length of an output's script"),
    ])
    func extranoncesInTheStructureAreRefused(part1: String, count: Int, part2: String, field: String) {
        #expect(throws: CoinbaseError.extranonceInStructure(field: field)) {
            try Self.read(bytes(part1), bytes(part2), extranonceCount: count)
        }
    }

    private static let inputStart = "0100000001" + String(repeating: "00", count: 32) + "ffffffff"

    @Test func everyEarlierEndIsTruncated() {
        let outputs = TestCoinbase.part2([(1, TestCoinbase.script(1)), (0, Self.data)])
        let whole = TestCoinbase.part1 + Array(repeating: 0, count: 12) + outputs
        for count in whole.indices {
            #expect("\(count)") {
                try Self.read(Array(whole.prefix(count)), [], extranonceCount: 0)
            } throws: { error in
                guard case .truncated = error as? CoinbaseError else {
                    return false
                }
                return true
            }
        }
        #expect(throws: Never.self) { try Self.read(whole, [], extranonceCount: 0) }
    }

    @Test(arguments: [
        ("ffffffff" + "ffffffffffffffffff", CoinbaseError.tooManyOutputs(count: .max, limit: 10_000)),
        ("ffffffff" + "fd1127", .tooManyOutputs(count: 10_001, limit: 10_000)),
        ("ffffffff" + "fd1027", .truncated(field: "value of an output")),
        ("ffffffff" + "01" + "0000000000000000" + "ffffffffffffffffff", .truncated(field: "script of an output")),
        ("ffffffff" + "01" + "0000000000000000" + "fe00000080" + "00", .truncated(field: "script of an output")),
        ("ffffffff" + "fdfc00", .wastefulLength(field: "number of outputs")),
        ("ffffffff" + "feffff0000", .wastefulLength(field: "number of outputs")),
        ("ffffffff" + "ffffffffff00000000", .wastefulLength(field: "number of outputs")),
        ("ffffffff" + "ff000000", .truncated(field: "number of outputs")),
    ])
    func impossibleLengthsAreRefused(part2: String, error: CoinbaseError) {
        #expect(throws: error) { try Self.read(TestCoinbase.part1, bytes(part2)) }
    }

    @Test(arguments: [
        // Two inputs, an input that spends something, another index, the witnesses' marker.
        ("0100000002" + String(repeating: "00", count: 32) + "ffffffff", CoinbaseError.notACoinbase),
        ("0100000001" + String(repeating: "11", count: 32) + "ffffffff", .notACoinbase),
        ("0100000001" + String(repeating: "00", count: 32) + "feffffff", .notACoinbase),
        ("01000000000101" + String(repeating: "00", count: 32) + "ffffffff", .hasWitness),
    ])
    func otherTransactionsAreRefused(start: String, error: CoinbaseError) {
        let rest = bytes("10" + "03350100")
        #expect(throws: error) { try Self.read(bytes(start) + rest, TestCoinbase.part2(paying: [[0x51]])) }
        #expect(!error.description.isEmpty)
    }

    @Test func outputsUpToTheLimitAreRead() throws {
        let output = TestCoinbase.output(value: 1, script: [])
        let outputs = Array(repeating: output, count: 10_000).flatMap { $0 }
        let coinbase = try Self.read(TestCoinbase.part1, bytes("ffffffff" + "fd1027") + outputs + bytes("00000000"))
        #expect(coinbase.outputs.count == 10_000)
        #expect(coinbase.payoutScripts == [[]])
    }

    @Test(arguments: [-1, .min, 1025, .max])
    func extranoncesOfImpossibleSizeAreRefused(count: Int) {
        #expect(throws: CoinbaseError.extranonceSize(count)) { try Self.read([], [], extranonceCount: count) }
    }
}

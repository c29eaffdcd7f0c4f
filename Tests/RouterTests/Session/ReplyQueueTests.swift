import NIOCore
import PoolPool
import Router
import Stratum
import Testing

@Suite struct ReplyQueueTests {
    private static let yes = { @Sendable (id: Int) in #"{"id":\#(id),"result":true,"error":null}"# }

    private static let dialogue = BitcoinMinerDialogue(settings: MinerDialogueSettings())

    private static func settling(_ share: Int64, in queue: inout ReplyQueue, _ reply: SubmitReply) -> [String] {
        var output = ByteBuffer()
        #expect(queue.settle(.verdict(share), reply, by: Self.dialogue, into: &output))
        return spokenLines(output)
    }

    @Test func repliesOfDifferentIDsGoOutAsTheyCome() {
        var queue = ReplyQueue()
        for id in 1...3 { queue.await(.verdict(Int64(id)), id: .integer(Int64(id))) }
        #expect(Self.settling(2, in: &queue, .accepted) == [Self.yes(2)])
        #expect(Self.settling(3, in: &queue, .accepted) == [Self.yes(3)])
        #expect(Self.settling(1, in: &queue, .accepted) == [Self.yes(1)])
        #expect(queue.count == 0)
    }

    @Test func repliesOfOneIDGoOutInTheOrderOfTheRequests() {
        var queue = ReplyQueue()
        for share in 1...3 { queue.await(.verdict(Int64(share)), id: .integer(4)) }
        let duplicate = SubmitReply.refused(Rejection(code: 22, message: "Duplicate share"))
        var output = ByteBuffer()
        queue.answer(duplicate, id: .integer(4), by: Self.dialogue, into: &output)
        #expect(output.readableBytes == 0)
        #expect(Self.settling(2, in: &queue, .accepted) == [])
        #expect(Self.settling(1, in: &queue, .accepted) == [Self.yes(4), Self.yes(4)])
        #expect(
            Self.settling(3, in: &queue, .accepted) == [
                Self.yes(4), #"{"id":4,"result":null,"error":[22,"Duplicate share",null]}"#,
            ]
        )
        #expect(queue.count == 0)
    }

    @Test func aShareNobodyWaitsForIsSaidSo() {
        var queue = ReplyQueue()
        var output = ByteBuffer()
        let isKnown = queue.settle(.verdict(9), .accepted, by: Self.dialogue, into: &output)
        #expect(!isKnown)
        #expect(output.readableBytes == 0)
    }

    /// Random orders: each request gets one reply, in order per id.
    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func everyRequestGetsOneReplyInTheOrderOfItsID(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var queue = ReplyQueue()
        var waiting: [Int64] = []
        // Each reply carries the number of its request as its code.
        var expected: [Int: [Int]] = [:]
        var heard: [Int: [Int]] = [:]
        var output = ByteBuffer()
        for number in 1...60 {
            let id = Int.random(in: 1...3, using: &random)
            expected[id, default: []].append(number)
            if Bool.random(using: &random) {
                queue.await(.verdict(Int64(number)), id: .integer(Int64(id)))
                waiting.append(Int64(number))
            } else {
                let rejection = Rejection(code: number, message: "")
                queue.answer(
                    .refused(rejection), id: .integer(Int64(id)), by: Self.dialogue, into: &output
                )
            }
            if Bool.random(using: &random), let share = waiting.randomElement(using: &random) {
                waiting.removeAll { $0 == share }
                let rejection = Rejection(code: Int(share), message: "")
                let isKnown = queue.settle(
                    .verdict(share), .refused(rejection), by: Self.dialogue, into: &output
                )
                #expect(isKnown, "seed \(seed)")
            }
        }
        for share in waiting {
            let rejection = Rejection(code: Int(share), message: "")
            let isKnown = queue.settle(.verdict(share), .refused(rejection), by: Self.dialogue, into: &output)
            #expect(isKnown, "seed \(seed)")
        }
        for line in spokenLines(output) {
            let numbers = line.split { !$0.isNumber }.compactMap { Int($0) }
            heard[numbers[0], default: []].append(numbers[1])
        }
        #expect(heard == expected, "seed \(seed)")
        #expect(queue.count == 0, "seed \(seed)")
    }
}

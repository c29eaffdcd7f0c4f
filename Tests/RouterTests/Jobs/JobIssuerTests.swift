import NIOCore
import PoolPool
import Router
import Stratum
import Testing

@Suite struct JobIssuerTests {
    /// The parameters of a job's notify line.
    private static func params(_ job: IssuedJob, clean: Bool = true) throws -> [JSONValue] {
        let line = try JSONValue(parsing: job.bitcoin.notifyLine(clean: clean))
        return line.object?["params"]?.array ?? []
    }

    @Test func thePoolsExtranonce1AndThePaddingGoIntoCoinbase1() throws {
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob("p1", extranonce2Size: 8)))
        #expect(job.padding == [0, 0])
        #expect(try job.bitcoin.coinbase1 == [1, 0x81, 0x00, 0xf3, 0xc2, 0, 0])
        #expect(try Self.params(job)[2] == .string("018100f3c20000"))
        #expect(try Self.params(job).count == 9)
        #expect(try Self.params(job, clean: false)[8] == .bool(false))
        #expect(job.id == "101")
    }

    @Test func aPoolWithTooSmallAnExtranonce2IsOfNoUse() throws {
        let link = IssuingLink()
        #expect(link.receives(upstreamJob(extranonce2Size: 5)) == nil)
        #expect(link.reissues() == nil)
        let layout = try #require(NonceLayout(smallestExtranonce2Size: 5))
        let small = IssuingLink(layout: layout)
        #expect(small.receives(upstreamJob(extranonce2Size: 5))?.padding == [])
    }

    @Test func thePaddingCountsTheIssues() throws {
        let link = IssuingLink()
        var paddings = [try #require(link.receives(upstreamJob(extranonce2Size: 8))).padding]
        for _ in 0..<300 { paddings.append(try #require(link.reissues()).padding) }
        #expect(Set(paddings).count == 301)
        #expect(paddings[0] == [0, 0])
        #expect(paddings[1] == [0, 1])
        #expect(paddings[300] == [1, 44])
    }

    @Test func aFullPaddingCounterGoesOnWithTime() throws {
        let link = IssuingLink()
        var work: Set<String> = []
        var refusals = 0
        let first = try #require(link.receives(upstreamJob(extranonce2Size: 7)))
        work.insert("\(first.padding) \(first.ntime)")
        for _ in 0..<300 {
            link.now = link.now + .seconds(1)
            guard let job = link.reissues() else {
                refusals += 1
                continue
            }
            #expect(work.insert("\(job.padding) \(job.ntime)").inserted)
        }
        #expect(refusals == 0)
    }

    @Test func withoutPaddingTimeMovesForwardAtMostALittle() throws {
        let link = IssuingLink()
        let first = try #require(link.receives(upstreamJob(extranonce2Size: 6)))
        #expect(first.ntime == 1_700_000_000)
        // Five issues ahead of the clock, then no more until it has caught up.
        for ahead in 1...5 as ClosedRange<UInt32> {
            #expect(try #require(link.reissues()).ntime == 1_700_000_000 + ahead)
        }
        #expect(link.reissues() == nil)
        link.now = link.now + .seconds(1)
        #expect(try #require(link.reissues()).ntime == 1_700_000_006)
        link.now = link.now + .seconds(40)
        #expect(try #require(link.reissues()).ntime == 1_700_000_041)
    }

    @Test func timeNeverLeavesWhatPoolsAccept() throws {
        let link = IssuingLink()
        _ = link.receives(upstreamJob(extranonce2Size: 6))
        link.now = link.now + .hours(5)
        #expect(try #require(link.reissues()).ntime == 1_700_006_900)
        for _ in 0..<5 { #expect(link.reissues() != nil) }
        #expect(link.reissues() == nil)
    }

    @Test func anAbsurdTimeDoesNotTrap() throws {
        let link = IssuingLink()
        let job = try #require(link.receives(upstreamJob(extranonce2Size: 6, ntime: .max)))
        #expect(job.ntime == .max)
        link.now = link.now + .seconds(60)
        #expect(link.reissues() == nil)
    }

    @Test func aKeepAliveIsNewWorkWithTheSecondsThatPassed() throws {
        let link = IssuingLink()
        let first = try #require(link.receives(upstreamJob()))
        link.now = link.now + .seconds(40)
        let second = try #require(link.reissues())
        #expect(second.ntime == first.ntime + 40)
        #expect(second.padding != first.padding)
        #expect(second.id != first.id)
        #expect(second.work == first.work)
        #expect(second.epoch == first.epoch)
    }

    @Test func theSameWorkSentAgainIsAnotherIssueOfIt() throws {
        let link = IssuingLink()
        let first = try #require(link.receives(upstreamJob("p1")))
        let again = try #require(link.receives(upstreamJob("p1", clean: false)))
        #expect(again.work == first.work)
        #expect(again.padding == [0, 1])
        #expect(again.epoch == first.epoch)
    }

    /// BTC.com gives its jobs the ids 0 to 9 in turn.
    @Test func aReusedPoolIDIsAnotherJob() throws {
        let link = IssuingLink()
        let first = try #require(link.receives(upstreamJob("0", coinbase: 1)))
        let second = try #require(link.receives(upstreamJob("0", coinbase: 2, clean: false)))
        #expect(second.work != first.work)
        #expect(second.id != first.id)
        #expect(second.padding == [0, 0])
    }

    @Test func cleanJobsAndNewConnectionsBeginAnEpoch() throws {
        let link = IssuingLink()
        let first = try #require(link.receives(upstreamJob("1", coinbase: 1, clean: false)))
        let second = try #require(link.receives(upstreamJob("2", coinbase: 2, clean: false)))
        let clean = try #require(link.receives(upstreamJob("3", coinbase: 3, clean: true)))
        link.connection = 9
        let reconnected = try #require(link.receives(upstreamJob("4", coinbase: 4, clean: false)))
        #expect(second.epoch == first.epoch)
        #expect(clean.epoch > second.epoch)
        #expect(reconnected.epoch > clean.epoch)
        #expect(reconnected.connection == 9)
    }

    @Test func aChangedMaskConcernsTheNextIssue() throws {
        let link = IssuingLink()
        let first = try #require(link.receives(upstreamJob(mask: 0x1fff_e000)))
        link.changesMask(0x00c0_0000)
        #expect(try #require(link.reissues()).upstream.versionMask == 0x00c0_0000)
        #expect(first.upstream.versionMask == 0x1fff_e000)
    }

    @Test(arguments: [0, 1, 0xff, 0x1234_5678_9abc_def0, .max] as [UInt64])
    func jobIDsAreReadBack(number: UInt64) {
        let text = String(number, radix: 16)
        #expect(IssuedJob.number(ByteBuffer(string: text)) == number)
        #expect(IssuedJob.number(ByteBuffer(string: text.uppercased())) == number)
    }

    @Test(arguments: ["", "x", "0x1", "-1", "12345678901234567", "1 ", "é"])
    func foreignJobIDsAreNoNumbers(text: String) {
        #expect(IssuedJob.number(ByteBuffer(string: text)) == nil)
    }
}

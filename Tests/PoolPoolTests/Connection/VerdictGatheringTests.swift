import NIOCore
import NIOPosix
import Stratum
import Testing

@testable import PoolPool

@Suite struct VerdictGatheringTests {
    private static func time(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(0) + .seconds(100) + .milliseconds(milliseconds)
    }

    private static func begins(_ gathering: inout VerdictGathering, _ now: NIODeadline) -> Bool {
        gathering.sent(now: now)
    }

    private static func next(_ gathering: inout VerdictGathering, _ now: NIODeadline) -> NIODeadline? {
        gathering.expired(now: now)
    }

    @Test func aShareNowAndThenHasItsVerdictAtOnce() {
        var gathering = VerdictGathering()
        for share in 0..<20 as Range<Int64> { #expect(!Self.begins(&gathering, Self.time(2 * share))) }
    }

    @Test func sharesInQuickSuccessionBeginItOnce() {
        var gathering = VerdictGathering()
        for share in 0...3 as ClosedRange<Int64> { #expect(!Self.begins(&gathering, Self.time(share))) }
        #expect(Self.begins(&gathering, Self.time(4)))
        for share in 5...29 as ClosedRange<Int64> { #expect(!Self.begins(&gathering, Self.time(share))) }
        #expect(Self.next(&gathering, Self.time(29)) == nil)
        // They are still as quick.
        #expect(Self.begins(&gathering, Self.time(30)))
    }

    /// A miner that sends the next share when it has the verdict on the last would wait for each.
    @Test func sharesThatWaitForVerdictsBeginItMoreAndMoreSeldom() {
        var gathering = VerdictGathering()
        var time: Int64 = 0
        for needed in [4, 8, 16, 32, 64, 64] {
            for _ in 0..<needed { #expect(!Self.begins(&gathering, Self.time(time))) }
            #expect(Self.begins(&gathering, Self.time(time)))
            time += 25
            #expect(Self.next(&gathering, Self.time(time)) == nil)
        }
        // Enough of them in time: it was worth it.
        for _ in 0...64 { _ = gathering.sent(now: Self.time(time)) }
        gathering.read(now: Self.time(time + 5))
        #expect(Self.next(&gathering, Self.time(time + 30)) == nil)
        for _ in 0..<8 { #expect(!Self.begins(&gathering, Self.time(time + 33))) }
        #expect(Self.begins(&gathering, Self.time(time + 33)))
    }

    /// Counted from when the last line was read: it and all before it have not waited longer.
    @Test func noLineWaitsLongerThan25Milliseconds() {
        var gathering = VerdictGathering()
        for _ in 0..<4 { _ = gathering.sent(now: Self.time(0)) }
        #expect(Self.begins(&gathering, Self.time(1)))
        gathering.read(now: Self.time(4))
        #expect(Self.next(&gathering, Self.time(26)) == Self.time(29))
        gathering.read(now: Self.time(27))
        #expect(Self.next(&gathering, Self.time(29)) == Self.time(52))
        #expect(Self.next(&gathering, Self.time(52)) == nil)
    }

    #if os(Linux)
        /// What a pool says for a share is too little to be read before time is up.
        @Test(.timeLimit(.minutes(1)))
        func verdictsThatAreTooFewAreReadWhenTimeIsUp() async throws {
            let pool = try await TestPool(.mines)
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let port = pool.port
            let thresholds = try await loop.flatSubmit {
                let miner = HastyMiner(on: loop)
                ClientBootstrap(group: loop).connect(host: "127.0.0.1", port: port).assumeIsolated().whenComplete {
                    miner.start(on: $0)
                }
                miner.thresholds.futureResult.assumeIsolated().whenComplete { _ in miner.stop() }
                return miner.thresholds.futureResult
            }.get()
            #expect(thresholds == [1, 256, 1])
            try await pool.close()
        }
    #endif
}

#if os(Linux)
    /// Sends five shares at once as soon as it has a job.
    private final class HastyMiner: PoolConnectionDelegate {
        /// How much must be there before the connection is read: before the shares, behind them, and after their verdicts.
        let thresholds: EventLoopPromise<[Int]>
        private var seen: [Int] = []
        private var verdicts = 0
        private var channel: (any Channel)?

        init(on loop: any EventLoop) {
            self.thresholds = loop.makePromise()
        }

        func start(on result: Result<any Channel, any Error>) {
            do {
                let channel = try result.get()
                self.channel = channel
                let settings = PoolDialogueSettings(
                    user: "account", password: "x", userAgent: "test/1", asksFirst: false,
                    handshakeTimeout: .seconds(30), questionTimeout: .seconds(15)
                )
                let connection = PoolConnection(
                    id: 1, dialect: BitcoinDialect(), settings: settings, delegate: self)
                try channel.pipeline.syncOperations.addHandler(connection)
            } catch {
                self.thresholds.fail(error)
            }
        }

        func stop() { self.channel?.close(promise: nil) }

        func connection(_ connection: PoolConnection, did event: PoolEvent) {
            switch event {
            case .ready:
                self.look()
                let now = NIODeadline.now()
                for share in 1...5 as ClosedRange<Int64> {
                    _ = connection.submit(someShare(share), user: "account", now: now)
                }
                self.look()
                connection.flush()
            case .verdict:
                self.verdicts += 1
                guard self.verdicts == 5 else { break }
                self.look()
                self.thresholds.succeed(self.seen)
            default: break
            }
        }

        func connectionClosed(_ connection: PoolConnection, failure: LinkFailure) { self.thresholds.fail(failure) }

        private func look() {
            let option = ChannelOptions.Types.SocketOption(level: .socket, name: .init(rawValue: SO_RCVLOWAT))
            do {
                self.seen.append(Int(try self.channel?.syncOptions?.getOption(option) ?? -1))
            } catch {
                self.thresholds.fail(error)
            }
        }
    }

    @available(*, unavailable)
    extension HastyMiner: Sendable {}
#endif

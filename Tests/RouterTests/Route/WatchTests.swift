import NIOCore
import Testing

@testable import Router

struct WatchTests {
    private let world: CoreWorld
    private let snapshots: AsyncStream<RouteSnapshot>
    private let watcher: AsyncStream<RouteSnapshot>.Continuation

    init() throws {
        self.world = try CoreWorld([("a", "a1"), ("b", "b2")])
        (self.snapshots, self.watcher) = AsyncStream.makeStream(of: RouteSnapshot.self)
        self.world.core.watch(self.watcher)
        self.world.settle()
    }

    /// All that was shown so far; nothing is shown after it.
    private func shown() async -> [RouteSnapshot] {
        self.watcher.finish()
        return await self.snapshots.reduce(into: []) { $0.append($1) }
    }

    @Test func theRouteIsShownAtOnceAndAfterEachTurnThatChangedIt() async throws {
        self.world.authorizes(self.world.waits())
        self.world.fails("a")
        let states = await self.shown().map { "\($0.pools.map(\.links)) \($0.pools.map(\.sessions))" }
        // Without a tick.
        #expect(states.first == "[1, 1] [0, 0]")
        #expect(states.contains("[1, 1] [1, 0]"))
        #expect(states.last?.hasPrefix("[0, 1] ") == true)
    }

    @Test func whatOnlyTimeChangesIsShownWithATick() async throws {
        self.world.authorizes(self.world.waits())
        self.world.fails("a")
        self.world.fails("b")
        self.world.passes(seconds: 2)
        let idle = await self.shown().map(\.idleSessions)
        #expect(idle.first == 0)
        #expect(idle.last == 1)
    }

    @Test func nothingIsShownToThoseWhoHaveFinished() async throws {
        let count = await self.shown().count
        self.world.authorizes(self.world.waits())
        #expect(count == 1)
        #expect(await self.snapshots.reduce(0) { count, _ in count + 1 } == 0)
    }
}

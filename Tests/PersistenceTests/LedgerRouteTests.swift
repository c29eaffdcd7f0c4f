import Foundation
import GRDB
import Testing

@testable import Persistence

@Suite struct LedgerRouteTests {
    private static let cryptoNote = LedgerProtocol(name: "cryptonote", hashesPerDifficulty: 1)

    private static func routes(_ place: TemporaryLedger) throws -> [String: LedgerProtocol] {
        let routes = try LedgerReader(path: place.path).routes()
        return Dictionary(uniqueKeysWithValues: routes.map { ($0.name, $0.protocol) })
    }

    @Test func descriptionOutlivesTheRun() async throws {
        let place = try TemporaryLedger()
        var ledger: Ledger? = try place.open()
        ledger?.describe(route: "zec", protocol: "equihash", hashesPerDifficulty: 8_192)
        _ = ledger?.worker("rig", route: "btc")
        if let ledger { try await ledger.end() }
        ledger = nil
        let next = try place.open()
        #expect(try Self.routes(place) == ["zec": Sample.equihash, "btc": .bitcoin])
        _ = next.worker("rig", route: "zec")
        await next.flush()
        #expect(try Self.routes(place) == ["zec": Sample.equihash, "btc": .bitcoin])
    }

    @Test func descriptionOutlivesACrash() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        _ = ledger.worker("rig", route: "old")
        await ledger.flush()
        // One route is known to the file, one is not.
        for route in ["old", "new"] { ledger.describe(route: route, protocol: "equihash", hashesPerDifficulty: 8_192) }
        let crashed = try place.crash()
        _ = ledger.state
        let next = try crashed.open()
        #expect(try Self.routes(crashed) == ["old": Sample.equihash, "new": Sample.equihash])
        #expect(next.worker("rig", route: "old") == 1)
    }

    @Test func newestDescriptionCounts() async throws {
        let place = try TemporaryLedger()
        var ledger: Ledger? = try place.open()
        let worker = ledger?.worker("rig", route: "a")
        ledger?.describe(route: "a", protocol: "equihash", hashesPerDifficulty: 8_192)
        if let ledger { try await ledger.end() }
        ledger = nil
        let next = try place.open()
        next.describe(route: "a", protocol: "equihash", hashesPerDifficulty: 8_192)
        next.describe(route: "a", protocol: "cryptonote", hashesPerDifficulty: 1)
        #expect(next.worker("rig", route: "a") == worker)
        await next.flush()
        #expect(try Self.routes(place) == ["a": Self.cryptoNote])
        // After a crash the journal has both, in order.
        let crashed = try place.crash()
        _ = next.state
        _ = try crashed.open()
        #expect(try Self.routes(crashed) == ["a": Self.cryptoNote])
    }

    @Test func descriptionThatIsKnownIsNotRecordedAgain() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        for _ in 0..<5 {
            ledger.describe(route: "btc", protocol: "bitcoin", hashesPerDifficulty: 4_294_967_296)
            ledger.describe(route: "zec", protocol: "equihash", hashesPerDifficulty: 8_192)
        }
        await ledger.flush()
        #expect(ledger.state.committedEvents == 2)
        let crashed = try place.crash()
        _ = ledger.state
        let next = try crashed.open()
        next.describe(route: "zec", protocol: "equihash", hashesPerDifficulty: 8_192)
        await next.flush()
        #expect(next.state.committedEvents == 0)
    }

    @Test(arguments: [0, -1, .nan, .infinity]) func unitThatIsNoneIsIgnored(unit: Double) async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        ledger.describe(route: "zec", protocol: "equihash", hashesPerDifficulty: 8_192)
        ledger.describe(route: "zec", protocol: "nonsense", hashesPerDifficulty: unit)
        ledger.describe(route: "other", protocol: "nonsense", hashesPerDifficulty: unit)
        await ledger.flush()
        #expect(try Self.routes(place) == ["zec": Sample.equihash])
    }

    @Test(arguments: ["hashesPerDifficulty = 0", "hashesPerDifficulty = 'much'"])
    func alteredUnitIsDamageToReadersAndMendedByTheNextDescription(change: String) async throws {
        let place = try TemporaryLedger()
        var ledger: Ledger? = try place.open()
        ledger?.describe(route: "zec", protocol: "equihash", hashesPerDifficulty: 8_192)
        if let ledger { try await ledger.end() }
        ledger = nil
        try await place.database().write { db in try db.execute(sql: "UPDATE route SET \(change)") }
        #expect(throws: LedgerError.self) { try LedgerReader(path: place.path).routes() }
        let next = try place.open()
        #expect(next.state.damagedFile == nil)
        next.describe(route: "zec", protocol: "equihash", hashesPerDifficulty: 8_192)
        await next.flush()
        #expect(try Self.routes(place) == ["zec": Sample.equihash])
    }

    @Test func routesOfAPoolAreThoseThatHaveOneOfThatName() async throws {
        let place = try TemporaryLedger()
        let ledger = try place.open()
        for (route, pool) in [("btc", "main"), ("zec", "main"), ("xmr", "other")] {
            _ = ledger.pool(pool, route: route)
        }
        ledger.describe(route: "zec", protocol: "equihash", hashesPerDifficulty: 8_192)
        ledger.describe(route: "xmr", protocol: "cryptonote", hashesPerDifficulty: 1)
        await ledger.flush()
        let reader = try LedgerReader(path: place.path)
        #expect(try reader.protocols(pool: "main") == [.bitcoin, Sample.equihash])
        #expect(try reader.protocols(pool: "main", route: "zec") == [Sample.equihash])
        #expect(try reader.protocols(pool: "other") == [Self.cryptoNote])
        #expect(try reader.protocols(pool: "other", route: "btc") == [])
        #expect(try reader.protocols(pool: "nobody") == [])
    }
}

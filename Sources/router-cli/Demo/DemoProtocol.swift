import ArgumentParser
import NIOCore
import Simulation
import Stratum

/// A protocol that the demo can show, under the name that routes have for it.
enum DemoProtocol: String, CaseIterable, ExpressibleByArgument {
    case bitcoin
    case scrypt
    case equihash
    case cryptonote
    case ethash

    /// What its pools and miners speak: of the three flavours of Ethash the one in which miners differ.
    var simulated: SimulatedProtocol {
        switch self {
        case .bitcoin: .bitcoin
        case .scrypt: .scrypt
        case .equihash: .equihash
        case .cryptonote: .cryptonote
        case .ethash: .ethereumStratum1
        }
    }

    /// What the route speaks.
    var dialect: ConfiguredDialect {
        get throws {
            switch self {
            case .bitcoin: .standard
            case .scrypt: try ConfiguredDialect(ScryptDialect.self)
            // Those of Zcash's regression tests: a solution takes milliseconds.
            case .equihash: try ConfiguredDialect(EquihashDialect.self, DialectOptions(["parameters": "48,5"]))
            case .cryptonote: try ConfiguredDialect(CryptoNoteDialect.self)
            case .ethash: try ConfiguredDialect(EthashDialect.self)
            }
        }
    }

    /// What the route's pools are configured with.
    var poolOptions: DialectOptions {
        self == .ethash ? DialectOptions(["flavor": "stratum1"]) : DialectOptions()
    }

    /// What the miners are fastest in, in hashes per second, for Equihash headers tried per second: a dozen of them leave
    /// most of two cores free, also in a debug build.
    var topHashrate: Double {
        switch self {
        case .bitcoin: 15_000
        case .scrypt: 30
        case .equihash: 15
        case .cryptonote, .ethash: 7_500
        }
    }

    /// Hashes, or solutions, that a miner of so many hashes, or headers, per second is credited with in a second.
    var hashesPerTry: Double {
        // Solutions of a header on average, with 48,5: see `EquihashSolver`.
        self == .equihash ? 0.75 : 1
    }

    /// What a change of pool is to its miners, and why.
    var changeOfPool: String {
        switch self {
        case .bitcoin, .scrypt:
            "a miner keeps its extranonce1 whatever the pool is, so a change of pool is one clean job"
        case .equihash:
            "nonces begin with the pool's NONCE_1: miners that take mining.set_extranonce are told the other pool's, "
                + "the others must connect again"
        case .cryptonote:
            "a miner keeps its byte of the nonce whatever the pool is, so a change of pool is one job"
        case .ethash:
            "in EthereumStratum/1.0.0 nonces begin with the pool's extranonce: miners that sent "
                + "mining.extranonce.subscribe are told the other pool's, the others must connect again"
        }
    }
}

extension DemoProtocol {
    /// The pool that carries the miners while it lives: a share takes a miner of middling speed about two seconds.
    func primary(speed: Double) -> SimulatedPoolConfiguration {
        var pool = self.pool("primary", seed: 1)
        pool.setHashesPerShare(self.hashesPerShare(speed: speed))
        guard self == .bitcoin || self == .scrypt else { return pool }
        // As ckpool.
        pool.order = .jobBeforeAuthorizeReply
        pool.configure = .answersOwnMask(0x1fff_e000)
        pool.versionBitsRule = .or
        pool.rejectionShape = .rejectReason
        return pool
    }

    /// The pool that they go to: of other sizes and another mask than the primary, which a miner must not notice, and half
    /// as hard.
    func backup(speed: Double) -> SimulatedPoolConfiguration {
        var pool = self.pool("backup", seed: 2)
        pool.setHashesPerShare(max(2, self.hashesPerShare(speed: speed) / 2))
        switch self {
        case .bitcoin, .scrypt:
            pool.extranonce1Size = 7
            pool.extranonce2Size = 6
            pool.configure = .answers(mask: 0x00ff_e000)
        case .equihash:
            pool.extranonce1Size = 7
            pool.extranonce2Size = 25
        case .ethash:
            pool.extranonce1Size = 3
            pool.extranonce2Size = 5
        case .cryptonote: break
        }
        return pool
    }

    private func pool(_ name: String, seed: UInt64) -> SimulatedPoolConfiguration {
        var pool = SimulatedPoolConfiguration(name: name, protocol: self.simulated)
        pool.jobInterval = .seconds(5)
        pool.seed = seed
        // Without nicehash it leaves the last byte of the nonce to the router.
        pool.cryptonote.extensions = ["algo", "keepalive"]
        return pool
    }

    /// Two at least: there are no shares for less than one.
    private func hashesPerShare(speed: Double) -> Double {
        max(2, self.topHashrate * speed * self.hashesPerTry * 1.15)
    }

    /// Miners of all habits that the protocol's simulated ones know, from a quarter of the greatest speed up to it.
    func miners(_ count: Int, port: Int, speed: Double) -> [SimulatedMinerConfiguration] {
        var miners = SimulatedFarm.configurations(count: count, speaking: self.simulated, user: "demo", port: port)
        for index in miners.indices {
            miners[index].hashesPerSecond = self.topHashrate * speed * Double(4 + index % 12) / 15
        }
        return miners
    }

    /// Difficulties below this one are not asked of any miner: about a fiftieth of the primary's, or one hash.
    func minimumDifficulty(speed: Double) throws -> Double {
        max(1, self.hashesPerShare(speed: speed) / 50) / (try self.dialect.dialect.hashesPerDifficulty)
    }
}

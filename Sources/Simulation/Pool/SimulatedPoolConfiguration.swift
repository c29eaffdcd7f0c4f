package import NIOCore
package import NIOSSL

/// What a simulated pool offers, how it orders its lines, and how strictly it judges.
package struct SimulatedPoolConfiguration: Sendable {
    /// The name shown in logs and used in no line on the wire.
    package var name: String
    /// The protocol it speaks.
    package let `protocol`: SimulatedProtocol
    /// Bytes of extranonce1, 0...16.
    package var extranonce1Size: Int
    /// Bytes of extranonce2, 1...8; other protocols than Bitcoin's leave what is missing to 8 (Ethash) or 32 (Equihash).
    package var extranonce2Size: Int
    /// The answer to `mining.configure`.
    package var configure = ConfigureBehaviour.answers(mask: 0x1fff_e000)
    /// How submitted version bits are joined with the job's version.
    package var versionBitsRule = VersionBitsRule.replace
    /// Whether a submit without version bits is refused once rolling was negotiated, as DATUM does.
    package var requiresVersionBits = false
    /// Whether a nonce of fewer than eight digits is padded; ckpool refuses it.
    package var acceptsShortNonces = false
    /// The block version of every job.
    package var jobVersion: UInt32 = 0x2000_0000
    /// The share difficulty at the start, in the protocol's own unit: see `SimulatedProtocol.hashesPerDifficulty`. For
    /// Bitcoin, 1e-6 takes about 4,300 hashes a share.
    package var difficulty: Double
    /// Changes of the share difficulty, counted from the start of the pool.
    package var difficultySchedule: [DifficultyChange] = []
    /// Time between jobs on the same block; nil sends none by itself.
    package var jobInterval: TimeAmount? = .seconds(30)
    /// Time between blocks; nil finds none by itself.
    package var blockInterval: TimeAmount?
    /// Merkle branches of every job, 0...32.
    package var merkleBranchCount = 4
    /// What is sent when, during the handshake.
    package var order = HandshakeOrder.jobAfterAuthorize
    /// The answer to a second `mining.authorize` on one link.
    package var secondAuthorize = SecondAuthorizeBehaviour.noAnswer
    /// Whether a known session id gets its extranonce1 and its live jobs back.
    package var resumesSessions = true
    /// The look of job ids.
    package var jobIDs = JobIDStyle.counter
    /// The look of a refused share's reply.
    package var rejectionShape = RejectionShape.array
    /// Which ntime a share may carry.
    package var ntimeRule = NTimeRule.forward(seconds: 7_000)
    /// The network target, too hard to be met by accident unless a test lowers it.
    package var networkBits: UInt32 = 0x1705_ae3a
    /// Pools of one chain seed announce the same previous hash at the same height.
    package var chainSeed: UInt64 = 0
    /// What only pools of CryptoNote have.
    package var cryptonote = CryptonotePoolHabits()
    /// What only pools of Ethash have.
    package var ethash = EthashPoolHabits()
    /// What only pools of Equihash have.
    package var equihash = EquihashPoolHabits()
    /// Speaks TLS when set.
    package var tls: TLSConfiguration?
    /// Seed of ids, coinbases and branches.
    package var seed: UInt64 = 1
    /// Shares and links kept in the log; the oldest go first.
    package var logCapacity = Int.max

    /// A pool that sends its first job behind the authorize reply, with every setting at the protocol's default.
    package init(name: String, protocol: SimulatedProtocol = .bitcoin) {
        self.name = name
        self.protocol = `protocol`
        self.difficulty = `protocol`.defaultDifficulty
        (self.extranonce1Size, self.extranonce2Size) = `protocol`.extranonceSizes
    }

    /// Sets the share difficulty that takes so many hashes on average.
    package mutating func setHashesPerShare(_ hashes: Double) {
        self.difficulty = hashes / self.protocol.hashesPerDifficulty
    }
}

extension SimulatedPoolConfiguration {
    /// Ordered as ckpool: job before the authorize reply, its own mask whatever was asked, bits ORed in.
    package static func ckpool(name: String) -> Self {
        var configuration = Self(name: name)
        configuration.order = .jobBeforeAuthorizeReply
        configuration.configure = .answersOwnMask(0x1fff_e000)
        configuration.versionBitsRule = .or
        configuration.rejectionShape = .rejectReason
        return configuration
    }

    /// Ordered as DATUM: difficulty and job right behind the subscribe reply, version bits demanded.
    package static func datum(name: String) -> Self {
        var configuration = Self(name: name)
        configuration.order = .jobBehindSubscribe
        configuration.versionBitsRule = .or
        configuration.requiresVersionBits = true
        configuration.jobIDs = .prefixed
        configuration.resumesSessions = false
        return configuration
    }

    /// Ordered as BTC.com: a mask notification behind the configure reply, ten job ids reused in turn.
    package static func btcCom(name: String) -> Self {
        var configuration = Self(name: name)
        configuration.order = .maskBehindConfigure
        configuration.secondAuthorize = .error
        configuration.jobIDs = .cycling
        configuration.resumesSessions = false
        return configuration
    }

    /// Like NOMP: four bytes of extranonce2 and no answer to configure.
    package static func nomp(name: String) -> Self {
        var configuration = Self(name: name)
        configuration.extranonce2Size = 4
        configuration.configure = .silent
        configuration.secondAuthorize = .accepts
        configuration.resumesSessions = false
        return configuration
    }
}

/// A share difficulty that takes effect some time after the pool started.
package struct DifficultyChange: Sendable {
    /// Time since the start of the pool.
    package var after: TimeAmount
    /// The new share difficulty.
    package var difficulty: Double

    /// A change to `difficulty`, `after` the start.
    package init(after: TimeAmount, difficulty: Double) {
        self.after = after
        self.difficulty = difficulty
    }
}

/// A pool's answer to `mining.configure`.
package enum ConfigureBehaviour: Sendable, Hashable {
    /// Grants the requested bits that are in `mask`.
    case answers(mask: UInt32)
    /// Grants this mask whatever was asked, as ckpool does.
    case answersOwnMask(UInt32)
    /// Answers "method not found".
    case error
    /// Never answers.
    case silent
    /// Closes the link.
    case closes
}

/// What a pool sends when, during the handshake.
package enum HandshakeOrder: Sendable, Hashable, CaseIterable {
    /// Authorize reply, difficulty, job.
    case jobAfterAuthorize
    /// Difficulty, job, authorize reply (ckpool).
    case jobBeforeAuthorizeReply
    /// Difficulty and job right behind the subscribe reply (DATUM).
    case jobBehindSubscribe
    /// As `jobAfterAuthorize`, and `mining.set_version_mask` right behind the configure reply (BTC.com).
    case maskBehindConfigure
}

/// A pool's answer to a second `mining.authorize` on one link.
package enum SecondAuthorizeBehaviour: Sendable, Hashable {
    /// No line at all (ckpool).
    case noAnswer
    /// Error 25 (BTC.com).
    case error
    /// The new name is authorised beside the old one.
    case accepts
}

/// How submitted version bits become a block version.
package enum VersionBitsRule: Sendable, Hashable {
    /// BIP 310: the bits replace the masked bits of the job's version.
    case replace
    /// The bits are ORed into the job's version.
    case or
}

/// The look of a pool's job ids.
package enum JobIDStyle: Sendable, Hashable {
    /// Sixteen hex digits, counting up (ckpool).
    case counter
    /// "0" to "9", in turn (BTC.com).
    case cycling
    /// Not only hex: `0x5f3a…_12` (AntPool).
    case prefixed
}

/// The look of a refused share's reply.
package enum RejectionShape: Sendable, Hashable {
    /// `"result":null,"error":[code,"text",null]`.
    case array
    /// `"result":false,"error":null,"reject-reason":"text"`.
    case rejectReason
    /// `"result":null,"error":"text"`.
    case bareString
}

/// Which ntime a share may carry.
package enum NTimeRule: Sendable, Hashable {
    /// The job's own only.
    case exact
    /// The job's own or up to so many seconds later.
    case forward(seconds: UInt32)
}

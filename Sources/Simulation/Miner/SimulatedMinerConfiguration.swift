package import NIOCore
package import NIOSSL

/// A firmware whose habits a simulated miner follows.
package enum MinerProfile: String, Sendable, CaseIterable {
    /// Keeps to the text: incrementing ids, no configure, obeys every `client.reconnect`.
    case plain
    /// pooler's cpuminer: id 4 on every submit, ignores `client.reconnect` without a host.
    case cpuminer
    /// cgminer with BIP 310: configure first, takes the next line as its reply whatever it is.
    case cgminer
    /// Bitaxe: everything pipelined, ignores a job id it has seen, reconnects to its configured host only.
    case bitaxe
    /// NerdMiner: reads one line as the subscribe reply, short nonces, constant extranonce2, no reconnect request.
    case nerdminer
}

/// One simulated miner: whom it calls, who it says it is, and how fast it hashes.
package struct SimulatedMinerConfiguration: Sendable {
    /// The user name given to `mining.authorize`, and in each submit.
    package var user: String
    /// The password given to `mining.authorize`.
    package var password = "x"
    /// The protocol it speaks.
    package let `protocol`: SimulatedProtocol
    /// The firmware it behaves like, with Bitcoin's messages; other protocols have their own habits below.
    package var profile: MinerProfile
    /// Where it connects to.
    package var host: String
    /// Where it connects to.
    package var port: Int
    /// Speaks TLS when set.
    package var tls: TLSConfiguration?
    /// Hashes per second, for Equihash headers tried per second; 0 sends no share.
    package var hashesPerSecond: Double
    /// The mask asked for by profiles that configure; nil leaves the configure out.
    package var versionMask: UInt32? = 0xffff_ffff
    /// A difficulty to suggest behind the authorize (bitaxe).
    package var suggestedDifficulty: Double?
    /// Whether it asks for `mining.set_extranonce` and obeys it, with Bitcoin's messages and EthereumStratum/1.0.0; miners
    /// of Equihash have a profile for that.
    package var subscribesExtranonce = false
    /// Whether it calls again after a drop.
    package var reconnects = true
    /// The pause before it calls again.
    package var reconnectDelay = TimeAmount.seconds(1)
    /// Whether it brings its session id back.
    package var resumesSession = false
    /// It leaves a pool that sends nothing for so long; nil waits for ever.
    package var silenceLimit: TimeAmount? = .seconds(90)
    /// It leaves a pool that does not authorise it in this time.
    package var handshakeLimit = TimeAmount.seconds(10)
    /// Nonces tried on one coinbase and version before the next.
    package var noncesPerRoll: UInt32 = 8_192
    /// A deliberate mistake, to see that it is caught.
    package var mistake: MinerMistake?
    /// Sends a false hash, mix hash or solution with each share, in protocols that send one.
    package var sendsFalseProofs = false
    /// What only miners of CryptoNote do.
    package var cryptonote = CryptonoteMinerHabits()
    /// What only miners of Ethash do.
    package var ethash = EthashMinerHabits()
    /// What only miners of Equihash do.
    package var equihash = EquihashMinerHabits()
    /// Events and submissions kept in the log; the oldest go first.
    package var logCapacity = Int.max

    /// A miner with every other setting at the protocol's default.
    package init(
        user: String,
        protocol: SimulatedProtocol = .bitcoin,
        profile: MinerProfile = .plain,
        host: String = "127.0.0.1",
        port: Int
    ) {
        self.user = user
        self.protocol = `protocol`
        self.hashesPerSecond = `protocol`.defaultHashrate
        self.profile = profile
        self.host = host
        self.port = port
    }

    /// The name of the firmware it behaves like.
    var profileName: String {
        switch self.protocol {
        case .bitcoin, .scrypt: self.profile.rawValue
        case .cryptonote: self.cryptonote.profile.rawValue
        case .ethProxy, .ethereumStratum1, .ethereumStratum2: self.protocol.rawValue
        case .equihash: self.equihash.profile.rawValue
        }
    }
}

/// A mistake a miner makes on purpose, as far as its protocol has what it takes.
package enum MinerMistake: Sendable, CaseIterable {
    /// Takes the previous hash as it came, without reversing the bytes of each word.
    case previousHashOrder
    /// Submits the nonce with its bytes reversed.
    case nonceOrder
    /// Puts extranonce2 before extranonce1.
    case extranonceOrder
    /// Submits every share twice.
    case duplicates
}

package import NIOCore

/// A firmware of CryptoNote coins whose habits a simulated miner follows.
package enum CryptonoteProfile: String, Sendable, CaseIterable {
    /// XMRig: leaves on an identical job, on a job without what its algorithm needs and on some refusals; keeps the
    /// NiceHash byte; sends `keepalived`; says which algorithms it knows.
    case xmrig
    /// An older one: asks once for a job by `getjob`, keeps the NiceHash byte only if it is not zero.
    case plain
}

/// What a simulated CryptoNote miner does beside its profile's habits.
package struct CryptonoteMinerHabits: Sendable {
    /// The firmware it behaves like.
    package var profile = CryptonoteProfile.xmrig
    /// The pause in the talk after which XMRig sends `keepalived` to a pool that lists the extension.
    package var keepaliveAfter = TimeAmount.seconds(60)
    /// The algorithms XMRig offers, the preferred one first.
    package var algorithms = ["rx/0", "cn/r"]
    /// Takes all four nonce bytes for its own whatever it is told: a mistake made on purpose.
    package var ignoresNonceByte = false
}

/// How a simulated CryptoNote pool looks.
package struct CryptonotePoolHabits: Sendable {
    /// Bytes of a target, 4 or 8. Four hold 32 bits only, so the difficulty is that of the rounded target.
    package var targetBytes = 8
    /// The extensions announced in the login reply.
    package var extensions = ["algo", "nicehash", "keepalive"]
    /// The algorithm named in each job; whatever it is, the work is SHA-256 twice over the blob.
    package var algorithm = "rx/0"
    /// Whether jobs carry a seed hash.
    package var sendsSeedHash = true
    /// A last nonce byte that each link is given in its blob and has to keep; nil leaves all four to the miner.
    package var fixedNonceByte: UInt8?
}

package import Stratum

/// A pool's job together with what was in force on its connection when it came. Later changes of difficulty, extranonce
/// or mask concern later jobs only.
package struct UpstreamJob: Sendable {
    package var job: Job
    package var extranonce1: [UInt8]
    package var extranonce2Size: Int
    /// Pool difficulty of shares for this job.
    package var difficulty: Double
    /// Version bits the pool lets its client roll; 0 without version rolling.
    package var versionMask: UInt32
    /// `mining.configure` was accepted: the pool expects version bits with every share.
    package var expectsVersionBits: Bool
}

/// The pool's answer to one share.
package enum PoolVerdict: Sendable, Hashable {
    case accepted
    case rejected(Rejection)
}

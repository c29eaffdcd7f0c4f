/// A submit as it stands on the wire, nothing decoded; what a protocol does not have is empty or nil.
struct ShareClaim: Hashable {
    var jobID = ""
    var extranonce2 = ""
    var ntime = ""
    var nonce = ""
    var versionBits: String?
    /// What is sent to prove the work: a hash, a mix hash or a solution.
    var proof: String?
}

/// What outlives a link when sessions can be resumed.
final class PoolSession {
    let id: String
    var extranonce1: [UInt8]
    var extranonce2Size: Int
    /// The jobs it was sent, by id; a reused id stands for its latest job.
    var issuedJobs: [String: IssuedJob] = [:]
    var isLive = true

    init(id: String, extranonce1: [UInt8], extranonce2Size: Int) {
        self.id = id
        self.extranonce1 = extranonce1
        self.extranonce2Size = extranonce2Size
    }

    /// Writes down that `job` goes out now, and forgets jobs two clean ones ago.
    @discardableResult
    func issue(
        _ job: any PoolJob,
        difficulty: Double,
        target: Number256 = .maximum,
        blob: [UInt8] = []
    ) -> IssuedJob {
        let issued = IssuedJob(
            job: job,
            difficulty: difficulty,
            target: target,
            extranonce1: self.extranonce1,
            extranonce2Size: self.extranonce2Size,
            blob: blob
        )
        self.issuedJobs = self.issuedJobs.filter { $0.value.job.epoch >= job.epoch - 1 }
        self.issuedJobs[job.id] = issued
        return issued
    }
}

/// A job as it was sent on one link.
struct IssuedJob {
    let job: any PoolJob
    /// The difficulty in force when it was sent.
    let difficulty: Double
    /// The target it was sent with, in protocols that send one; else the greatest number.
    let target: Number256
    /// The extranonce1 in force when it was sent.
    let extranonce1: [UInt8]
    /// The extranonce2 size in force when it was sent.
    let extranonce2Size: Int
    /// The bytes to be hashed, in protocols where each link has its own; else empty.
    let blob: [UInt8]
}

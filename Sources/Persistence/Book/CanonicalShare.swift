/// The canonical form of a share in the book.
enum CanonicalShare {
    /// What stands for the name of number `id` when there is no such row; "" for 0, which stands for none.
    static func missingName(_ id: Int64) -> String { id == 0 ? "" : "#\(id)" }

    /// The same as an SQL expression: the name in `column`, which is NULL when no row has the number in `id`.
    static func nameSQL(_ column: String, _ id: String) -> String {
        "coalesce(\(column), CASE WHEN \(id) = 0 THEN '' ELSE '#' || \(id) END)"
    }

    /// What all shares of a stint have in common.
    static func stint(session: Int64, route: String, worker: String, difficulty: Double) -> [UInt8] {
        var bytes = CanonicalBytes()
        bytes.put(session)
        bytes.put(route)
        bytes.put(worker)
        bytes.put(difficulty)
        return bytes.bytes
    }

    /// What all shares of a job have in common.
    static func job(
        route: String,
        pool: String,
        jobID: String,
        poolJobID: String,
        poolDifficulty: Double
    ) -> [UInt8] {
        var bytes = CanonicalBytes()
        bytes.put(route)
        bytes.put(pool)
        bytes.put(jobID)
        bytes.put(poolJobID)
        bytes.put(poolDifficulty)
        return bytes.bytes
    }

    /// Appends a share: `stint` and `job` from the functions above, `claim` as it is stored.
    @inline(__always)
    static func append(
        to bytes: inout CanonicalBytes,
        entry: Int64,
        id: Int64,
        time: Int64,
        stint: [UInt8],
        job: [UInt8],
        packedDifficulty: Int64,
        outcome: UInt8,
        reasonCode: Int32?,
        reason: String,
        latency: Int64?,
        claim: UnsafeRawBufferPointer
    ) {
        bytes.put(SealedStream.share.rawValue)
        bytes.put(entry)
        bytes.put(id)
        bytes.put(time)
        bytes.put(raw: stint)
        bytes.put(raw: job)
        bytes.put(packedDifficulty)
        bytes.put(outcome)
        bytes.put(reasonCode)
        bytes.put(reason)
        bytes.put(latency)
        bytes.put(UInt8(truncatingIfNeeded: claim.count))
        bytes.put(raw: claim)
    }
}

import NIOCore

/// One issue of a job. Nothing in a blob can differ between the issues of a job but the byte that the router divides, so
/// they are the same search, told apart by their ids alone.
public final class CryptoNoteIssue: IssuedWork {
    public let padding: [UInt8] = []
    public let ntime: UInt32 = 0
    /// The pool's job.
    public let job: CryptoNoteJob
    /// `{"blob":"` and the digits up to the byte that the router divides.
    private let start: ByteBuffer
    /// The rest up to the digits of the target.
    private let middle: ByteBuffer

    init(_ job: CryptoNoteJob, jobID: String) {
        self.job = job
        var start = ByteBuffer()
        start.writeStaticString("{\"blob\":\"")
        Hex.append(job.blob.prefix(job.sharedByteOffset), to: &start)
        self.start = start
        var middle = ByteBuffer()
        Hex.append(job.blob.dropFirst(job.sharedByteOffset + 1), to: &middle)
        middle.writeStaticString("\",\"job_id\":")
        middle.writeJSON(jobID)
        middle.writeBytes(job.otherMembers)
        middle.writeStaticString(",\"target\":\"")
        self.middle = middle
    }

    /// Nil if the pool leaves less of the nonce than the layout divides, as after it began to divide it itself: the next
    /// job finds the space laid out anew.
    static func make(_ job: UpstreamJob, _ request: IssueRequest) -> CryptoNoteIssue? {
        guard let work = job.work as? CryptoNoteWork, request.layout.total <= job.room else { return nil }
        return CryptoNoteIssue(work.job, jobID: request.jobID)
    }

    /// Writes the job as the miner with this prefix gets it: with its own byte in the blob, its own target and its session.
    func write(prefix: [UInt8], target: CryptoNoteSentTarget, sessionID: String, into output: inout ByteBuffer) {
        output.writeImmutableBuffer(self.start)
        Hex.append(prefix.first ?? self.job.sharedByte, to: &output)
        output.writeImmutableBuffer(self.middle)
        output.writeString(target.digits)
        output.writeStaticString("\",\"id\":")
        output.writeJSON(sessionID)
        output.writeStaticString("}")
    }
}

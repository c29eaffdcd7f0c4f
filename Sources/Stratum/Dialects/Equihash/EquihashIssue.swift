package import NIOCore

/// One issue of an Equihash job. Sessions differ in their NONCE_1 only, so that all of a link get the same line.
package final class EquihashIssue: IssuedWork {
    /// The router's bytes are all in the session's prefix.
    package var padding: [UInt8] { [] }
    /// Seconds since 1970.
    package let ntime: UInt32
    package let networkTarget: Target
    private let cleanLine: ByteBuffer
    private let plainLine: ByteBuffer

    init(_ job: EquihashJob, jobID: String, time: UInt32) {
        self.ntime = time
        self.networkTarget = Target(nbits: job.bits)
        func line(clean: Bool) -> ByteBuffer {
            var buffer = ByteBuffer()
            MessageEncoder.equihashNotify(jobID: jobID, job: job, time: time, isClean: clean, into: &buffer)
            return buffer
        }
        self.cleanLine = line(clean: true)
        self.plainLine = line(clean: false)
    }

    /// The encoded `mining.notify`, the same bytes for every session of the link.
    package func notifyLine(clean: Bool) -> ByteBuffer { clean ? self.cleanLine : self.plainLine }

    /// Another issue of `job` as new work, by its time: nothing else in the header is the router's. Nil while that would
    /// be too far ahead.
    static func make(_ job: UpstreamJob, _ request: IssueRequest) -> EquihashIssue? {
        guard let work = job.work as? EquihashWork else { return nil }
        guard let time = BlockTime.moved(work.job.time, request, isAllThatVaries: true) else { return nil }
        return EquihashIssue(work.job, jobID: request.jobID, time: time)
    }
}

import NIOCore
import NIOPosix
import Stratum

// Shares whose judgement takes long.
extension RouterShard {
    /// Has a share judged by the process's worker threads.
    func judgeElsewhere(_ unjudged: SessionStateMachine.UnjudgedShare, of session: SessionHandler, time: Int64) {
        self.judgements += 1
        NIOThreadPool.singleton.runIfActive(eventLoop: self.eventLoop) { unjudged.judge() }
            .assumeIsolated().whenComplete { result in
                self.judgements -= 1
                let failed = Judgement.malformed(Rejection(code: 20, message: "Share could not be judged"))
                session.judged(unjudged, as: (try? result.get()) ?? failed, time: time)
                if self.judgements == 0 { self.rested?() }
            }
    }
}

import NIOCore
import PoolPool
import Stratum

// Miners that follow their pools: their nonces begin with bytes of it.
extension RouterShard {
    /// A miner that follows its pool has said that it takes another slice of nonce space.
    func canMove(_ session: SessionHandler) {
        self.core?.post(.sessionCanMove(session.id))
    }

    /// The core says what the miner's nonces are to begin with.
    func requestOffer(_ session: SessionHandler, nonce: NonceGrant) {
        self.core?.post(.sessionWaits(self.introduction(of: session, user: "", nonce: nonce)))
    }

    /// Makes the miner's nonces begin as the pool of this job wants them to. False if the miner must come back for that.
    func follow(_ session: SessionHandler, _ job: IssuedJob) -> Bool {
        // In this order: the last question makes a copy of the machine, and mostly need not be asked.
        guard var nonce = session.machine.nonce, nonce.base != job.upstream.base, session.machine.followsPool else {
            return true
        }
        guard session.machine.canChangeNonce else {
            self.sendBack(session)
            return false
        }
        nonce.base = job.upstream.base
        session.changeNonce(nonce)
        return true
    }

    /// Asks a miner to connect again, and closes: its firmware does so by itself then.
    func sendBack(_ session: SessionHandler) {
        self.core?.post(.sessionReturns(session.id))
        session.renegotiate(nil)
        session.close(.mustReturn)
    }
}

import NIOCore

extension PoolCore {
    /// Applies a fault to the links of `scope`. The future is done when it has happened.
    func inject(_ fault: PoolFault, on scope: PoolFaultScope) -> EventLoopFuture<Void> {
        let live = scope == .newLinks ? [] : self.linksInOrder
        let affectsNew = scope != .liveLinks
        switch fault {
        case .healthy:
            return self.heal()
        case .reset, .close:
            let stopped = affectsNew ? self.stopListening() : self.loop.makeSucceededVoidFuture()
            return .andAllComplete([stopped] + live.map { $0.close(reset: fault == .reset) }, on: self.loop)
        case .halfClose:
            live.forEach { $0.closeOutput() }
        case .freeze:
            live.forEach { $0.freeze() }
            guard affectsNew else { break }
            self.isIdle = true
            self.newLinkBehaviour.isFrozen = true
            return self.listener?.setOption(.autoRead, value: false) ?? self.loop.makeSucceededVoidFuture()
        case .noJobs:
            self.isIdle = self.isIdle || scope == .all
            self.change(live, affectsNew) { $0.takesJobs = false }
        case .silentAccept:
            self.change(live, affectsNew) { $0.isMute = true }
        case .noVerdicts:
            self.change(live, affectsNew) { $0.answersShares = false }
        case .delayVerdicts(let delay):
            self.change(live, affectsNew) { $0.verdictDelay = delay }
        case .rejectAll(let code, let text):
            self.change(live, affectsNew) { $0.forcedVerdict = .rejected(code: code, text: text) }
        case .rejectEvery(let count, let code, let text):
            self.change(live, affectsNew) { $0.rejectsEvery = (count, .rejected(code: code, text: text)) }
        case .oldBlock:
            self.keepsOldBlock = true
        case .payElsewhere:
            self.payee &+= 1
            self.makeJob(clean: true, newBlock: false)
        case .refuseAuthorization:
            self.change(live, affectsNew) { $0.authorizes = false }
        case .reconnectRequest(let host, let port):
            for link in live {
                link.sendReconnect(host: host, port: port)
                self.loop.assumeIsolated().scheduleTask(in: .seconds(3)) { _ = link.close(reset: false) }
            }
        case .garbage(let bytes):
            live.forEach { $0.sendBytes(bytes) }
            if affectsNew { self.newLinkBehaviour.greeting = bytes }
        case .setExtranonce(let size):
            for link in live {
                link.setExtranonce(self.makeExtranonce1(), size: size)
            }
            self.makeJob(clean: true, newBlock: false)
        }
        return self.loop.makeSucceededVoidFuture()
    }

    private func change(_ live: [PoolLink], _ affectsNew: Bool, _ change: (inout LinkBehaviour) -> Void) {
        live.forEach { change(&$0.behaviour) }
        if affectsNew { change(&self.newLinkBehaviour) }
    }

    private func heal() -> EventLoopFuture<Void> {
        let starved = self.isIdle || self.linksInOrder.contains { !$0.behaviour.takesJobs || $0.behaviour.isFrozen }
        self.isIdle = false
        self.keepsOldBlock = false
        self.newLinkBehaviour = LinkBehaviour()
        self.linksInOrder.forEach { $0.revive() }
        if starved { self.makeJob(clean: false, newBlock: false) }
        guard let listener = self.listener else { return self.listen() }
        return listener.setOption(.autoRead, value: true)
    }
}

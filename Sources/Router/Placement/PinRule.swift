/// Sends the miners it matches to pools of their own.
package struct PinRule: Sendable, Hashable {
    /// A pool of the rule with its share of these miners' work.
    package struct Share: Sendable, Hashable {
        package var pool: String
        package var weight: Double

        package init(pool: String, weight: Double = 1) {
            self.pool = pool
            self.weight = weight
        }
    }

    /// What `explain` and `check` call it.
    package var name: String
    /// The miner's login; nil: any. What is given must all match.
    package var worker: WorkerPattern?
    /// The miner's address; nil: any.
    package var network: NetworkPrefix?
    /// The name of the listener it came by; nil: any.
    package var listener: String?
    package var pools: [Share]
    /// True: without a usable pool of the rule these miners are held. False: they go where all others go.
    package var isStrict: Bool

    package init(
        name: String,
        worker: WorkerPattern? = nil,
        network: NetworkPrefix? = nil,
        listener: String? = nil,
        pools: [Share],
        isStrict: Bool = false
    ) {
        self.name = name
        self.worker = worker
        self.network = network
        self.listener = listener
        self.pools = pools
        self.isStrict = isStrict
    }

    package func matches(login: String, remote: String, listener: String) -> Bool {
        if let worker = self.worker, !worker.matches(login) { return false }
        if let wanted = self.listener, wanted != listener { return false }
        if let network = self.network, !network.contains(remote) { return false }
        return true
    }
}

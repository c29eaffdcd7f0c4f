import PoolPool
import Router

/// A rule of `pins` while it is read.
struct PinDraft: Sendable {
    var name: String?
    var worker: WorkerPattern?
    var network: NetworkPrefix?
    var listener: String?
    var pools: [PinShareDraft] = []
    var isStrict = false
    /// For the rules of the route.
    var places = Places(start: .start)

    /// What the rule is called when it is the one at `index`, from 0.
    func name(at index: Int) -> String { self.name ?? "pin \(index + 1)" }

    /// The rule that is the one at `index`, from 0.
    func rule(at index: Int) -> PinRule {
        PinRule(
            name: self.name(at: index),
            worker: self.worker,
            network: self.network,
            listener: self.listener,
            pools: self.pools.map(\.share),
            isStrict: self.isStrict
        )
    }

    /// True when nothing says which miners are meant.
    fileprivate var namesNobody: Bool { self.worker == nil && self.network == nil && self.listener == nil }

    /// True if every miner that `other` matches is matched by this rule, as far as that can be seen.
    fileprivate func covers(_ other: Self) -> Bool {
        let takesAnyWorker = self.worker.map { !$0.text.isEmpty && $0.text.allSatisfy { $0 == "*" } } ?? true
        return (takesAnyWorker || self.worker == other.worker)
            && (self.network == nil || self.network == other.network)
            && (self.listener == nil || self.listener == other.listener)
    }
}

/// A pool of a rule while it is read.
struct PinShareDraft: Sendable {
    var share = PinRule.Share(pool: "")
    /// For the rules of the route.
    var places = Places(start: .start)
}

extension Section where Target == PinDraft {
    /// The keys of a rule.
    static let pin = Section(
        PinDraft(),
        [
            .value(
                "name", \.name, .name, absent: "pin 1, pin 2 … by position",
                "what commands call the rule; unique in the route"
            ),
            .value(
                "worker", \.worker, .workerPattern, absent: "any",
                "the login of the miner; * stands for any characters, ? for one"
            ),
            .value("network", \.network, .network, absent: "any", "the network that the miner's address is in"),
            .value("listener", \.listener, .name, absent: "any", "the name of the listener that the miner came by"),
            .list(
                "pools", \.pools, .pinShare, item: "pool", shorthand: "name",
                "pools of the route that share the work of these miners: names, or sections with name and weight"
            ),
            .value(
                "strict", \.isStrict, .truth,
                "true: without a usable pool of the rule the miners are held; false: they go where all others go"
            ),
        ]
    ) { pin, places, reader in
        pin.places = places
        if let network = pin.network, let meant = network.withoutHostBits {
            reader.warn("network: \(network) means \(meant); write that", at: places.of("network"))
            pin.network = meant
        }
        if !pin.pools.isEmpty, pin.pools.allSatisfy({ $0.share.weight == 0 }) {
            reader.report(
                "pools: every weight is 0, so no pool takes these miners; give one of them a weight",
                at: places.of("pools")
            )
        }
        var known: [String: TextPosition] = [:]
        for draft in pin.pools where draft.isNamed {
            let position = draft.places.of("name")
            if let first = known[draft.share.pool] {
                reader.report(
                    "name: \(quoted(draft.share.pool)) stands in line \(first.line) already; keep one of them",
                    at: position
                )
            } else {
                known[draft.share.pool] = position
            }
        }
    }
}

extension Section where Target == PinShareDraft {
    /// The keys of a pool of a rule.
    static let pinShare = Section(
        PinShareDraft(),
        [
            .value("name", \.share.pool, .name, isRequired: true, "the name of a pool of the route"),
            .value("weight", \.share.weight, .weight, "share of the work of these miners; 0 takes nothing"),
        ]
    ) { draft, places, _ in
        draft.places = places
    }
}

extension PinShareDraft {
    /// False when no name could be read.
    fileprivate var isNamed: Bool { self.places.areSound("name") && !self.share.pool.isEmpty }
}

extension RouteDraft {
    /// Rules are tried one after the other for each miner.
    private static let pinLimit = 64

    /// Rules on all pins of the route; `position` is that of the list.
    func checkPins(at position: TextPosition, _ reader: inout ConfigurationReader) {
        guard self.pins.count <= Self.pinLimit else {
            return reader.report(
                "pins: \(self.pins.count) rules are more than the \(Self.pinLimit) a route may have; "
                    + "a rule takes many miners with * in worker, or with network",
                at: position
            )
        }
        self.checkPinNames(&reader)
        let listeners = self.listeners.compactMap(\.name)
        let hasAllListeners = self.listeners.allSatisfy { $0.places.areSound("name") }
        let pools = self.pools.map(\.pool.name)
        let hasAllPools = self.pools.allSatisfy { $0.places.areSound("name") && !$0.pool.name.isEmpty }
        for pin in self.pins {
            if let name = pin.listener, hasAllListeners, !listeners.contains(name) {
                let remedy =
                    listeners.isEmpty
                    ? "none of them has a name; give that listener one" : Self.remedy(for: name, among: listeners)
                reader.report(
                    "listener: the route has no listener called \(quoted(name)); \(remedy)",
                    at: pin.places.of("listener")
                )
            }
            for draft in pin.pools where draft.isNamed && hasAllPools && !pools.contains(draft.share.pool) {
                reader.report(
                    "name: the route has no pool called \(quoted(draft.share.pool)); "
                        + Self.remedy(for: draft.share.pool, among: pools),
                    at: draft.places.of("name")
                )
            }
        }
        self.warnOfUselessPins(&reader)
    }

    private func checkPinNames(_ reader: inout ConfigurationReader) {
        var known: [String: TextPosition] = [:]
        for (index, pin) in self.pins.enumerated() where pin.places.areSound("name") {
            let name = pin.name(at: index)
            if let first = known[name] {
                reader.report(
                    "name: the pin in line \(first.line) is called \(quoted(name)) too; "
                        + "give each pin of the route its own name",
                    at: pin.places.of("name")
                )
            } else {
                known[name] = pin.places.of("name")
            }
        }
    }

    private func warnOfUselessPins(_ reader: inout ConfigurationReader) {
        for (index, pin) in self.pins.enumerated() {
            if let first = self.pins[..<index].first(where: { $0.covers(pin) }) {
                reader.warn(
                    "pin: \(quoted(pin.name(at: index))) never matches: the rule in line \(first.places.start.line) "
                        + "takes all its miners before; put this one before that",
                    at: pin.places.start
                )
            } else if pin.namesNobody {
                reader.warn(
                    "pin: \(quoted(pin.name(at: index))) matches every miner; "
                        + "write worker: \"*\" if that is meant, else worker, network or listener",
                    at: pin.places.start
                )
            }
        }
    }

    private static func remedy(for name: String, among known: [String]) -> String {
        // Every name of one or two letters is near to every other.
        if name.count > 2, let suggestion = Spelling.nearest(to: name, among: known) {
            return "did you mean \(quoted(suggestion))?"
        }
        let shown = known.prefix(8).map(quoted).joined(separator: ", ")
        return "it has \(shown)\(known.count > 8 ? ", …" : "")"
    }
}

/// What a figure is meant to keep within.
enum Budget {
    case atMost(Double)
    case atLeast(Double)
    /// This far from zero, at most.
    case within(Double)

    static let all: [String: Budget] = [
        "CPU per share at 4000/s, router ÷ haproxy": .atMost(1),
        "CPU per share at 1000/s, router ÷ haproxy": .atMost(1),
        "delay to the pool p50, router ÷ haproxy": .atMost(2),
        "delay to the pool p99, router ÷ haproxy": .atMost(2),
        "shares/s at saturation, router ÷ haproxy": .atLeast(0.5),
        "fan-out to 10000, router ÷ bare": .atMost(1.3),
        "router: memory without miners, MB": .atMost(40),
        "router: memory of an idle miner of 10000, KB": .atMost(4),
        "router: memory of an idle miner of 19000, KB": .atMost(4),
        // The output buffer of 256 KiB, and what a buffer that grows has beside it.
        "router: most memory of a miner that never reads, KB": .atMost(320),
        "9900 miners at once have work, router ÷ haproxy": .atMost(3),
        "failover of 10000 beyond fan-out, ms": .atMost(50),
        "CPU per share with 100 miners, % from the mean": .within(25),
        "CPU per share with 1000 miners, % from the mean": .within(25),
        "CPU per share with 10000 miners, % from the mean": .within(25),
        "CPU per share with 19000 miners, % from the mean": .within(25),
        "shares/s at saturation, two loops ÷ one": .atLeast(1.5),
        "rebalance of 20000 sessions, ms": .atMost(20),
        "windows in which the rate was not held": .atMost(0),
    ]

    static let soak: [String: Budget] = [
        "soak: other shares refused": .atMost(0),
        "soak: miners disconnected": .atMost(0),
        // Twice its standard error is what chance does in one of forty.
        "soak: memory slope ÷ its standard error": .atMost(2),
    ]

    var text: String {
        switch self {
        case .atMost(let limit): "≤ \(format(limit))"
        case .atLeast(let limit): "≥ \(format(limit))"
        case .within(let limit): "± \(format(limit))"
        }
    }

    /// By how much `value` misses it; nil if it does not.
    func miss(_ value: Double) -> Double? {
        let miss =
            switch self {
            case .atMost(let limit): value - limit
            case .atLeast(let limit): limit - value
            case .within(let limit): abs(value) - limit
            }
        return miss > 0 ? miss : value.isFinite ? nil : .infinity
    }
}

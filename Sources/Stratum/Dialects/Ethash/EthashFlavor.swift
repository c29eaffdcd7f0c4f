/// The ways of speaking that share the ports of Ethash pools (ethereum §0). None understands another; the first line
/// tells them apart.
public enum EthashFlavor: String, Sendable, Hashable, CaseIterable {
    /// eth-proxy: `getWork` over TCP, "stratum1+tcp" in miners.
    case proxy
    /// EthereumStratum/1.0.0, NiceHash's: "stratum2+tcp" in miners.
    case stratum1
    /// EthereumStratum/2.0.0, EIP-1571: "stratum3+tcp" in miners.
    case stratum2

    /// Its bit in ``MinerDialogue/kind`` and ``UpstreamJob/kinds``.
    public var kind: UInt8 {
        switch self {
        case .proxy: 1
        case .stratum1: 2
        case .stratum2: 4
        }
    }

    /// What operators know it by.
    public var title: String {
        switch self {
        case .proxy: "eth-proxy"
        case .stratum1: "EthereumStratum/1.0.0"
        case .stratum2: "EthereumStratum/2.0.0"
        }
    }
}

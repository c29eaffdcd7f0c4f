extension SimulatedProtocol {
    /// The miner's side of a new link.
    static func minerSide(_ configuration: SimulatedMinerConfiguration, memory: MinerMemory) -> any MinerSide {
        switch configuration.protocol {
        case .bitcoin, .scrypt: BitcoinMiner(configuration, memory: memory)
        case .cryptonote: CryptonoteMiner(configuration, memory: memory)
        case .ethProxy: EthProxyMiner(configuration, memory: memory)
        case .ethereumStratum1: EthereumStratum1Miner(configuration, memory: memory)
        case .ethereumStratum2: EthereumStratum2Miner(configuration, memory: memory)
        case .equihash: EquihashMiner(configuration, memory: memory)
        }
    }

    /// The pool's side of a new link.
    static func poolSide(of link: PoolLink, _ configuration: SimulatedPoolConfiguration) -> any PoolSide {
        switch configuration.protocol {
        case .bitcoin, .scrypt: BitcoinPool(link, configuration)
        case .cryptonote: CryptonotePool(link, configuration)
        case .ethProxy: EthProxyPool(link, configuration)
        case .ethereumStratum1: EthereumStratum1Pool(link, configuration)
        case .ethereumStratum2: EthereumStratum2Pool(link, configuration)
        case .equihash: EquihashPool(link, configuration)
        }
    }

    /// A new job of a pool.
    static func makeJob(
        _ position: JobPosition,
        _ configuration: SimulatedPoolConfiguration,
        using generator: inout SeededGenerator
    ) -> any PoolJob {
        switch configuration.protocol {
        case .bitcoin, .scrypt: BitcoinPoolJob(position, configuration, using: &generator)
        case .cryptonote: CryptonotePoolJob(position, configuration, using: &generator)
        case .ethProxy, .ethereumStratum1, .ethereumStratum2:
            EthashPoolJob(position, configuration, using: &generator)
        case .equihash: EquihashPoolJob(position, configuration, using: &generator)
        }
    }
}

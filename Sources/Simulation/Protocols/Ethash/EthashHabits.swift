/// How a simulated pool of Ethash looks where pools differ.
package struct EthashPoolHabits: Sendable {
    /// eth-proxy: whether the work ends with the height of the block.
    package var sendsHeight = true
    /// eth-proxy: whether the work begins with a job id, before the header.
    package var sendsJobID = false
    /// eth-proxy: whether the target is written without leading zeros.
    package var shortensTarget = false
    /// eth-proxy: whether a refused share gets nothing but `false`.
    package var refusesTersely = false
    /// EthereumStratum/2.0.0: the epoch told in `mining.set`.
    package var epoch = 220
}

/// What a simulated miner of Ethash does where miners differ.
package struct EthashMinerHabits: Sendable {
    /// eth-proxy: the rig's name, sent as a top-level member `worker`; nil sends none.
    package var rig: String?
    /// Whether it tells its hashrate, once, where the protocol has a message for it.
    package var tellsHashrate = true
    /// Digits left out of each nonce: a mistake made on purpose.
    package var missingNonceDigits = 0
}

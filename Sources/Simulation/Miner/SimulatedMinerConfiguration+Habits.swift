extension SimulatedMinerConfiguration {
    /// Sets the habits of one firmware.
    typealias Habit = @Sendable (inout SimulatedMinerConfiguration) -> Void

    /// All firmwares that a protocol's simulated miners can behave like; at least one.
    static func everyHabit(of protocol: SimulatedProtocol) -> [Habit] {
        switch `protocol` {
        case .bitcoin, .scrypt:
            MinerProfile.allCases.map { profile in { $0.profile = profile } }
        case .cryptonote:
            CryptonoteProfile.allCases.map { profile in { $0.cryptonote.profile = profile } }
        case .ethProxy, .ethereumStratum2:
            [{ _ in }]
        case .ethereumStratum1:
            [false, true].map { subscribes in { $0.subscribesExtranonce = subscribes } }
        case .equihash:
            EquihashProfile.allCases.map { profile in { $0.equihash.profile = profile } }
        }
    }
}

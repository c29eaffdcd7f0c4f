// What the configuration of each protocol has to no effect. All of it applies to Bitcoin and its kin.

extension EquihashDialect {
    public static var features: Set<DialectFeature> { [.suggestedDifficulty] }

    public static func doubts(_ options: DialectOptions, hasVardiff: Bool) -> [DialectOptionError] {
        let personalization = EquihashCoin.personalizationOption
        guard options[personalization] == EquihashCoin.unverifiable else { return [] }
        var doubts: [DialectOptionError] = []
        if hasVardiff {
            let reason =
                "every share of \(EquihashCoin.unverifiable) goes to the pool, which refuses those below its own "
                + "difficulty; write vardiff: { enabled: false } in the route"
            doubts.append(DialectOptionError(personalization, reason))
        }
        if let validate = options["validate"], validate != "off" {
            let reason = "has no effect: solutions of \(EquihashCoin.unverifiable) are believed"
            doubts.append(DialectOptionError("validate", reason))
        }
        return doubts
    }
}

extension CryptoNoteDialect {
    public static var features: Set<DialectFeature> { [.suggestedDifficulty] }
}

extension EthashDialect {
    public static var features: Set<DialectFeature> { [] }
}

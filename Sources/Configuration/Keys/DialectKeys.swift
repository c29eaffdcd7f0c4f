import PoolPool
import Router
import Stratum
import Yams

/// What the file says about options that only some dialects know.
struct DialectOptionDrafts: Sendable {
    private(set) var options = DialectOptions()
    private(set) var positions: [String: TextPosition] = [:]

    mutating func set(_ name: String, to text: String, at position: TextPosition) {
        self.options[name] = text
        self.positions[name] = position
    }
}

extension DialectRegistry {
    /// The names of all options of a scope, each once.
    func optionNames(_ scope: DialectOption.Scope) -> [String] {
        var names: [String] = []
        for option in self.dialects.flatMap({ $0.options }) where option.scope == scope && !names.contains(option.name)
        {
            names.append(option.name)
        }
        return names
    }
}

extension RouteDraft {
    /// The dialect with the options of the route and its pools; problems go to `reader`.
    mutating func configureDialect(_ reader: inout ConfigurationReader) {
        guard let dialect = reader.dialects[self.protocolName] else {
            let names = reader.dialects.names
            let hint =
                Spelling.nearest(to: self.protocolName, among: names).map { "did you mean \(quoted($0))?" }
                ?? "write \(names.joined(separator: " or "))"
            return reader.report(
                "protocol: \(quoted(self.protocolName)) is not possible; \(hint)", at: self.places.of("protocol")
            )
        }
        self.warnOfUnusedKeys(dialect, &reader)
        let refused = Self.check(self.options, .route, dialect, &reader)
        do throws(DialectOptionError) {
            self.route.dialect = try ConfiguredDialect(dialect, self.options.options)
        } catch {
            if !refused.contains(error.option) {
                let position = self.options.positions[error.option] ?? self.places.of("protocol")
                reader.report("\(error.option): \(error.description)", at: position)
            }
        }
        self.warn(
            of: dialect.doubts(self.options.options, hasVardiff: self.route.vardiff.enabled), self.options, &reader)
        if !self.route.dialect.dialect.knowsShareDifficulty, self.route.vardiff.enabled,
            let position = self.places.values["vardiff"]
        {
            reader.warn("vardiff: has no effect: miners of this route work at their pool's difficulty", at: position)
        }
        for index in self.pools.indices {
            let pool = self.pools[index]
            let refused = Self.check(pool.options, .pool, dialect, &reader)
            self.pools[index].pool.options = pool.options.options
            var both = self.options.options
            for (name, value) in pool.options.options.values { both[name] = value }
            // Whatever a pool overrides must be a value of the dialect too.
            do throws(DialectOptionError) {
                _ = try dialect.init(both)
            } catch {
                if !refused.contains(error.option), let position = pool.options.positions[error.option] {
                    reader.report("\(error.option): \(error.description)", at: position)
                }
            }
            self.warn(of: dialect.doubts(both, hasVardiff: self.route.vardiff.enabled), pool.options, &reader)
            guard let name = pool.protocolName, name != self.protocolName else { continue }
            reader.report(
                "protocol: the route speaks \(self.protocolName); give pools of \(name) a route of their own",
                at: pool.places.of("protocol")
            )
        }
    }

    /// Warns of those options that stand here.
    private func warn(
        of doubts: [DialectOptionError], _ drafts: DialectOptionDrafts, _ reader: inout ConfigurationReader
    ) {
        for doubt in doubts {
            guard let position = drafts.positions[doubt.option] else { continue }
            reader.warn("\(doubt.option): \(doubt.description)", at: position)
        }
    }

    /// Warns of keys that are there for other protocols.
    private func warnOfUnusedKeys(_ dialect: any Dialect.Type, _ reader: inout ConfigurationReader) {
        let keys: [(key: String, feature: DialectFeature)] = [
            ("version_mask", .versionBits), ("version_rolling", .versionBits), ("payout", .coinbases),
            ("suggest_difficulty", .suggestedDifficulty),
        ]
        for (key, feature) in keys where !dialect.features.contains(feature) {
            for position in ([self.places] + self.pools.map(\.places)).compactMap({ $0.values[key] }) {
                reader.warn("\(key): has no effect in protocol \(dialect.name)", at: position)
            }
        }
    }

    /// - Returns: The options that were reported: the dialect need not say it again.
    private static func check(
        _ drafts: DialectOptionDrafts,
        _ scope: DialectOption.Scope,
        _ dialect: any Dialect.Type,
        _ reader: inout ConfigurationReader
    ) -> Set<String> {
        var refused: Set<String> = []
        for (name, position) in drafts.positions {
            guard let option = dialect.options.first(where: { $0.name == name && $0.scope == scope }) else {
                refused.insert(name)
                let owners = reader.dialects.dialects
                    .filter { $0.options.contains { $0.name == name && $0.scope == scope } }.map { $0.name }
                reader.report(
                    "\(name): is no option of protocol \(dialect.name), but of \(owners.joined(separator: ", "))",
                    at: position
                )
                continue
            }
            let value = drafts.options[name] ?? ""
            guard !option.choices.isEmpty, !option.choices.contains(value) else { continue }
            refused.insert(name)
            let hint = Spelling.nearest(to: value, among: option.choices).map { " (did you mean \(quoted($0))?)" } ?? ""
            reader.report(
                "\(name): \(quoted(value)) is not possible; write \(option.choices.joined(separator: " or "))\(hint)",
                at: position
            )
        }
        return refused
    }

    /// Pools of different coins do not share their miners unless that is meant.
    func checkMixedCoins(_ reader: inout ConfigurationReader) {
        guard !self.mixedCoins, self.places.areSound("mixed_coins") else { return }
        let named = self.pools.filter { $0.coin != nil }
        guard let first = named.first, let coin = first.coin else { return }
        if let other = named.first(where: { $0.coin?.lowercased() != coin.lowercased() }) {
            reader.report(
                "coin: \(quoted(other.coin ?? "")) is not the coin of pool \(quoted(first.pool.name)), \(quoted(coin)); "
                    + "write mixed_coins: true in the route if its miners are to work for both",
                at: other.places.of("coin")
            )
        }
    }
}

extension ValueType where Value == String {
    /// The name of a dialect; whether there is one is asked when the route is known.
    static let dialect = ValueType(name: DialectRegistry.standard.names.joined(separator: " or ")) {
        $0
    } format: {
        $0
    }
    /// An option that only some dialects know.
    static let dialectOption = ValueType(name: "text") {
        $0
    } format: {
        $0
    }
}

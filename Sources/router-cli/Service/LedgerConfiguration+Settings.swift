import Configuration
import Persistence

extension LedgerConfiguration {
    /// What the file says, with the key read from its own.
    /// - Throws: `LedgerError`.
    init(_ settings: LedgerSettings) throws(LedgerError) {
        self.init(
            path: settings.path,
            durability: settings.durability == .power ? .power : .process,
            keepShares: settings.keepShares.map { Self.milliseconds($0) },
            keepRollups: settings.keepRollups.map { Self.milliseconds($0) },
            sealInterval: Self.milliseconds(settings.sealEvery),
            sealKey: try settings.sealKey.map { path throws(LedgerError) in try SealKey.load(path: path) }
        )
    }
    private static func milliseconds(_ duration: Duration) -> Int64 {
        // The configuration allows a hundred years at most.
        duration.components.seconds &* 1_000 &+ duration.components.attoseconds / 1_000_000_000_000_000
    }
}

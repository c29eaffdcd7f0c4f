import ControlAPI
import Persistence

/// How a share is shown. Users rely on the names and their order.
enum ShareColumns {
    /// Of tables and exports.
    static let names = [
        "id", "time", "route", "worker", "session", "remote", "pool", "job", "pool_job", "difficulty",
        "pool_difficulty", "share_difficulty", "forwarded", "verdict", "reason", "latency_ms", "extranonce2", "ntime",
        "nonce", "version_bits", "immediate_reply", "late_verdict",
    ]

    /// The names as `format` has them: where width does not matter, the protocol of the route as well.
    static func names(_ format: OutputFormat) -> [String] {
        format == .table ? Self.names : Self.names + ["protocol"]
    }

    /// One value for each name in `format`.
    static func values(of share: LedgerShareRecord, _ format: OutputFormat) -> [OutputValue] {
        format == .table ? Self.values(of: share) : Self.values(of: share) + [.text(share.protocol)]
    }

    /// One value for each of `names`.
    static func values(of share: LedgerShareRecord) -> [OutputValue] {
        [
            .integer(share.id),
            .text(LedgerTime.format(share.time)),
            .text(share.route),
            .text(share.worker),
            .integer(share.session),
            .text(share.remote),
            .text(share.pool),
            .text(share.job),
            .text(share.poolJob),
            Self.difficulty(share.difficulty),
            Self.difficulty(share.poolDifficulty),
            Self.difficulty(share.shareDifficulty, isKnown: share.shareDifficulty > 0),
            .flag(share.forwarded),
            .text(share.verdict.name),
            .text(Self.reason(code: share.reasonCode, text: share.reason)),
            .number(share.latency.map { Double($0) / 1_000 }),
            .text(share.extranonce2.map { Self.hex($0) }.joined()),
            .text(Self.hex(share.ntime)),
            .text(Self.hex(share.nonce)),
            .text(share.versionBits.map { Self.hex($0) }),
            .flag(share.answeredImmediately),
            .text(share.lateVerdict?.name),
        ]
    }

    /// Short in tables: whole numbers as they are, others to three digits, and nothing where it is not known.
    private static func difficulty(_ value: Double?, isKnown: Bool = true) -> OutputValue {
        guard let value else { return .null }
        guard isKnown else { return .measure(value, shown: HumanUnits.missing) }
        guard value.magnitude < 1e15, value == value.rounded() else {
            return .measure(value, shown: HumanUnits.scaled(value))
        }
        return .number(value)
    }

    /// `21 Job not found`
    private static func reason(code: Int32?, text: String?) -> String? {
        let parts = [code.map { String($0) }, text].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    private static func hex<Value: FixedWidthInteger>(_ value: Value) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: Value.bitWidth / 4 - digits.count) + digits
    }
}

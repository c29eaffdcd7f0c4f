import Persistence

/// How a share is shown. Users rely on the names and their order.
enum ShareColumns {
    static let names = [
        "id", "time", "route", "worker", "session", "remote", "pool", "job", "pool_job", "difficulty",
        "pool_difficulty", "share_difficulty", "forwarded", "verdict", "reason", "latency_ms", "extranonce2", "ntime",
        "nonce", "version_bits", "immediate_reply", "late_verdict",
    ]

    /// One value for each name.
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
            .number(share.difficulty),
            .number(share.poolDifficulty),
            .number(share.shareDifficulty),
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

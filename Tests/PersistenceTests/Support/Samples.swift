@testable import Persistence

/// A repeatable source of chance (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

enum Sample {
    /// 2026-01-31T09:05:00.250Z
    static let time: Int64 = 1_769_850_300_250

    static func share(
        _ id: Int64,
        time: Int64 = Sample.time,
        worker: Int32 = 1,
        pool: Int32 = 1,
        job: Int64 = 1,
        difficulty: Double = 512,
        verdict: LedgerVerdictKind = .pending
    ) -> LedgerShare {
        LedgerShare(
            id: id,
            time: time,
            session: 1,
            worker: worker,
            pool: pool,
            job: job,
            difficulty: difficulty,
            shareDifficulty: 700.5,
            forwarded: verdict == .pending,
            verdict: verdict,
            extranonce2: LedgerExtranonce2(bytes: [0, 1, 2, 255]),
            ntime: 0x697D_C1BC,
            nonce: 0xDEAD_BEEF,
            versionBits: 0x1FFF_E000
        )
    }

    static func accepted(_ id: Int64) -> LedgerEvent {
        .settled(LedgerVerdict(id: id, verdict: .accepted, latency: 41_500))
    }

    /// With an extranonce2 of so many bytes, none of them 0: 1, 2, 3, …
    static func share(_ id: Int64, bytes: Int, verdict: LedgerVerdictKind = .pending) -> LedgerShare {
        var share = Self.share(id, verdict: verdict)
        share.extranonce2 = LedgerExtranonce2(bytes: (0..<bytes).map { UInt8(truncatingIfNeeded: $0 + 1) })
        return share
    }

    /// What an Equihash route speaks.
    static let equihash = LedgerProtocol(name: "equihash", hashesPerDifficulty: 8_192)

    /// One event of every kind.
    static let events: [LedgerEvent] = [
        .sessionOpened(LedgerSession(id: 1, time: time, worker: 1, remote: "[::1]:4000", userAgent: "miner/1 ⛏")),
        .sessionClosed(id: 1, time: time + 1, reason: "closed by the miner"),
        .job(LedgerJob(id: 1, jobID: "a1", pool: 1, poolJobID: "17c", poolDifficulty: 65_536)),
        .share(share(1)),
        .share(share(2, verdict: .stale)),
        .settled(LedgerVerdict(id: 1, verdict: .rejected, reason: 1, reasonCode: 21, latency: 900)),
        .settled(LedgerVerdict(id: .max, verdict: .lost)),
        .lateVerdict(LedgerVerdict(id: 1, verdict: .accepted)),
        .poolEvent(
            LedgerPoolEvent(
                time: time,
                kind: .authorizationRefused,
                pool: 1,
                cause: "refused",
                detection: 5,
                sessionsMoved: 6,
                sharesLost: 7,
                fromPool: 8,
                toPool: nil,
                detail: ""
            )
        ),
        .name(LedgerName(kind: .worker, id: 1, route: 1, text: "käfer")),
        .name(LedgerName(kind: .route, id: 1, route: 0, text: "zec", protocol: equihash)),
        .share(share(3, bytes: 12)),
        .share(share(4, bytes: 32)),
    ]
}

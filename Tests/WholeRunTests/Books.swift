import Persistence
import Simulation
import Stratum
import Testing

/// Holds the ledger against the logs of pools and miners, share for share.
enum Books {
    /// What identifies a share at a pool.
    private struct PoolKey: Hashable {
        var job: String
        var extranonce2: String
        var ntime: UInt32
        var nonce: UInt32
    }

    /// What identifies a submission of a miner.
    private struct MinerKey: Hashable {
        var job: String
        var extranonce2: String
        var ntime: UInt32
        var nonce: UInt32
        var bits: UInt32?
    }

    /// Every share in the pool's log is one row, with the same verdict unless it was lost on the way back; every forwarded
    /// row that got a verdict is in the pool's log.
    ///
    /// `open` are the verdicts of shares of which the router heard nothing more: lost, and, where it was killed, unknown.
    static func check(
        _ rows: [LedgerShareRecord],
        against pool: SimulatedPool,
        user: (String) -> String = { _ in "account" },
        open openVerdicts: Set<LedgerVerdictKind> = [.lost]
    ) {
        let log = pool.shareLog
        var open: [PoolKey: [LedgerShareRecord]] = [:]
        for row in rows where row.pool == pool.name && row.forwarded {
            let key = PoolKey(
                job: row.poolJob ?? "", extranonce2: Self.hex(row.extranonce2), ntime: row.ntime, nonce: row.nonce)
            open[key, default: []].append(row)
        }
        for share in log {
            let key = PoolKey(
                job: share.jobID,
                extranonce2: share.extranonce2,
                ntime: UInt32(share.ntime, radix: 16) ?? 0,
                nonce: UInt32(share.nonce, radix: 16) ?? 0
            )
            guard let row = open[key]?.popLast() else {
                Issue.record("\(pool.name) saw a share that the ledger does not have: \(share)")
                continue
            }
            #expect(row.versionBits.map { Self.hex($0) } == share.versionBits)
            #expect(share.worker == user(row.worker ?? ""))
            switch (row.verdict, share.verdict) {
            case (.accepted, .accepted): break
            case (let verdict, _) where openVerdicts.contains(verdict): break
            case (let verdict, .rejected(let code, let text)) where verdict.isRefusal:
                #expect(row.reasonCode == Int32(code))
                #expect(row.reason == text)
            default: Issue.record("ledger \(row.verdict), \(pool.name) \(share.verdict): \(share)")
            }
        }
        for row in open.values.joined() where !openVerdicts.contains(row.verdict) {
            Issue.record("the ledger has a share as \(row.verdict) that \(pool.name) never saw: \(row)")
        }
    }

    /// Every submission of the miner is one row with the verdict that the miner heard, and there are no other rows. What was
    /// unanswered when its link ended may have any verdict, or may never have arrived. A row for a job that the session did
    /// not have names none.
    static func check(_ rows: [LedgerShareRecord], against miner: SimulatedMiner) {
        let log = miner.log
        var open: [MinerKey: [LedgerShareRecord]] = [:]
        for row in rows where row.worker == miner.configuration.user {
            let key = MinerKey(
                job: row.job ?? "",
                extranonce2: "",
                ntime: row.ntime,
                nonce: row.nonce,
                bits: nil
            )
            open[key, default: []].append(row)
        }
        var unanswered = 0
        for submission in log.submissions {
            var key = MinerKey(
                job: submission.jobID,
                extranonce2: "",
                ntime: UInt32(submission.ntime, radix: 16) ?? 0,
                nonce: UInt32(submission.nonce, radix: 16) ?? 0,
                bits: nil
            )
            let isCut = submission.reply == nil && (submission.connection < log.connects - 1 || !log.isMining)
            unanswered += submission.reply == nil && !isCut ? 1 : 0
            let own = submission.extranonce1 + submission.extranonce2
            var index = open[key]?.firstIndex { Self.hex($0.extranonce2).hasSuffix(own) }
            if index == nil {
                key.job = ""
                index = open[key]?.firstIndex { Self.hex($0.extranonce2).hasSuffix(submission.extranonce2) }
            }
            guard let index, let row = open[key]?.remove(at: index) else {
                if isCut { continue }
                Issue.record("\(miner.configuration.user) sent a share that the ledger does not have: \(submission)")
                continue
            }
            switch (row.verdict, submission.reply) {
            case (.accepted, .accepted), (.counted, .accepted): break
            case (.lost, .rejected(let code, _)): #expect(code == 21)
            case (_, nil) where isCut: break
            case (let verdict, .rejected(let code, _)) where verdict.isRefusal: #expect(row.reasonCode == Int32(code))
            default:
                Issue.record(
                    "ledger \(row.verdict), \(miner.configuration.user) heard \(String(describing: submission.reply))")
            }
        }
        for row in open.values.joined() { Issue.record("a row without a submission: \(row)") }
        #expect(unanswered == 0)
    }

    /// Nothing is left open: forwarded = accepted + refused + lost.
    static func checkSettled(_ rows: [LedgerShareRecord]) {
        #expect(rows.filter { $0.verdict == .pending || $0.verdict == .unknown }.isEmpty)
        #expect(Set(rows.map(\.id)).count == rows.count)
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String(Int($0) | 0x100, radix: 16).dropFirst() }.joined()
    }

    static func hex(_ value: UInt32) -> String {
        String(UInt64(value) | 0x1_0000_0000, radix: 16).dropFirst().description
    }
}

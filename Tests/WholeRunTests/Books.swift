import Persistence
import Simulation
import Stratum
import Testing

/// Holds the ledger against the logs of pools and miners, share for share.
enum Books {
    /// What identifies a share: its job, and what was sent for it.
    private struct Key: Hashable {
        var job: String
        var digits: String
    }

    /// What was sent for a share, in one notation for rows of the ledger and for the logs of pools and miners.
    ///
    /// - Parameter own: the part that comes before or behind the miner's own; rows have it, and pools.
    private static func digits(_ row: LedgerShareRecord) -> String {
        let own = Self.hex(row.extranonce2)
        switch row.protocol {
        // Little-endian on the wire.
        case "equihash": return "\(Self.hex(row.ntime.byteSwapped))/\(own)"
        case "cryptonote": return Self.hex(row.nonce)
        case "ethash": return own
        default: return "\(Self.hex(row.ntime))/\(Self.hex(row.nonce))/\(own)"
        }
    }

    /// The same of a submit as it stood on the wire.
    private static func digits(
        _ protocol: SimulatedProtocol, extranonce2: String, ntime: String, nonce: String
    ) -> String {
        switch `protocol` {
        case .bitcoin, .scrypt: "\(Self.padded(ntime))/\(Self.padded(nonce))/\(extranonce2)"
        case .equihash: "\(ntime)/\(extranonce2)"
        case .cryptonote: nonce
        case .ethProxy: nonce.hasPrefix("0x") ? String(nonce.dropFirst(2)) : nonce
        case .ethereumStratum1, .ethereumStratum2: nonce
        }
    }

    /// A pool's job without the mark of a number: eth-proxy names jobs by their headers.
    private static func name(_ job: String?) -> String {
        let job = job ?? ""
        return job.hasPrefix("0x") ? String(job.dropFirst(2)) : job
    }

    private static func padded(_ digits: String) -> String { Self.hex(UInt32(digits, radix: 16) ?? 0) }

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
        var open: [Key: [LedgerShareRecord]] = [:]
        for row in rows where row.pool == pool.name && row.forwarded {
            open[Key(job: Self.name(row.poolJob), digits: Self.digits(row)), default: []].append(row)
        }
        for share in log {
            let key = Key(
                job: Self.name(share.jobID),
                digits: Self.digits(
                    pool.protocol, extranonce2: share.extranonce2, ntime: share.ntime, nonce: share.nonce
                )
            )
            // Links that a pool tells apart may send the same: the one that was lost stands for none that has a verdict.
            let same = open[key] ?? []
            let alike = same.lastIndex { row in
                !openVerdicts.contains(row.verdict) && row.verdict.isRefusal != share.isAccepted
            }
            guard let place = alike ?? same.indices.last, let row = open[key]?.remove(at: place) else {
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
        let isJobHidden = miner.configuration.protocol == .ethProxy
        var open: [String: [LedgerShareRecord]] = [:]
        for row in rows where row.worker == miner.configuration.user {
            // eth-proxy has no job ids but the pool's headers.
            open[isJobHidden ? Self.name(row.poolJob) : row.job ?? "", default: []].append(row)
        }
        var unanswered = 0
        for submission in log.submissions {
            let isCut = submission.reply == nil && (submission.connection < log.connects - 1 || !log.isMining)
            unanswered += submission.reply == nil && !isCut ? 1 : 0
            func find(in key: String, _ extranonce2: String) -> Int? {
                let sent = Self.digits(
                    miner.configuration.protocol, extranonce2: extranonce2, ntime: submission.ntime,
                    nonce: submission.nonce
                )
                return open[key]?.firstIndex { Self.isOwn(sent, in: Self.digits($0)) }
            }
            var key = submission.jobID
            let isInner = [.bitcoin, .scrypt].contains(miner.configuration.protocol)
            var index = find(in: key, (isInner ? submission.extranonce1 : "") + submission.extranonce2)
            if index == nil {
                key = ""
                index = find(in: key, submission.extranonce2)
            }
            guard let index, let row = open[key]?.remove(at: index) else {
                if isCut { continue }
                Issue.record("\(miner.configuration.user) sent a share that the ledger does not have: \(submission)")
                continue
            }
            switch (row.verdict, submission.reply) {
            case (.accepted, .accepted), (.counted, .accepted): break
            case (.lost, .rejected(let code, _)):
                if Self.hasCodes(miner.configuration.protocol) { #expect(code == 21) }
            case (_, nil) where isCut: break
            case (let verdict, .rejected(let code, _)) where verdict.isRefusal:
                if Self.hasCodes(miner.configuration.protocol) { #expect(row.reasonCode == Int32(code)) }
            default:
                Issue.record(
                    "ledger \(row.verdict), \(miner.configuration.user) heard \(String(describing: submission.reply))")
            }
        }
        for row in open.values.joined() { Issue.record("a row without a submission: \(row)") }
        #expect(unanswered == 0)
    }

    /// Whether the miners of a protocol hear the codes of Stratum V1.
    private static func hasCodes(_ protocol: SimulatedProtocol) -> Bool {
        [.bitcoin, .scrypt, .equihash].contains(`protocol`)
    }

    /// Whether a row's digits are those that a miner sent, with the router's part before the last field.
    private static func isOwn(_ sent: String, in row: String) -> Bool {
        let (sent, row) = (sent.split(separator: "/"), row.split(separator: "/"))
        guard let own = sent.last, let whole = row.last else { return false }
        return sent.dropLast() == row.dropLast() && whole.hasSuffix(own)
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

import Foundation
import NIOCore
import PoolPool
import Router
import Stratum
import Testing

/// The vectors of a miner whose extranonce1 stays the same on every pool: through ``JobIssuer``,
/// ``BitcoinMinerDialogue`` and ``BitcoinPoolDialogue``, which has the pool's job and sends the share.
@Suite struct ConstantExtranonceVectorTests {
    private struct Miner: Decodable {
        var extranonce1: String
        var extranonce2_size: Int
    }

    private struct Pool: Decodable {
        var name: String
        var subscribe_result: AnyJSON
        var difficulty: Double
        var version_mask: String?
        var upstream_worker: String?
        var notify_params: AnyJSON
        var miner_submit_params: [String]?
        var expect: Expectation
    }

    private struct Expectation: Decodable {
        var usable: Bool
        var padding: String?
        var downstream_notify_params: AnyJSON?
        var upstream_submit_params: [String]?
        var pow_hash: String?
        var accepted: Bool?
    }

    private struct Vector: Decodable {
        var name: String
        var miner: Miner
        var pools: [Pool]
    }

    private struct File: Decodable {
        var vectors: [Vector]
    }

    /// Any JSON, compared and turned back into text.
    private enum AnyJSON: Decodable, Equatable {
        case null
        case bool(Bool)
        case integer(Int)
        case number(Double)
        case string(String)
        case array([AnyJSON])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Int.self) {
                self = .integer(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .string(value)
            } else {
                self = .array(try container.decode([AnyJSON].self))
            }
        }

        var text: String {
            switch self {
            case .null: "null"
            case .bool(let value): "\(value)"
            case .integer(let value): "\(value)"
            case .number(let value): "\(value)"
            case .string(let value): "\"\(value)\""
            case .array(let values): "[\(values.map(\.text).joined(separator: ","))]"
            }
        }

        /// The elements but the first.
        var rest: [AnyJSON] {
            if case .array(let values) = self { return Array(values.dropFirst()) }
            return []
        }
    }

    private static func vectors() throws -> [Vector] {
        guard let root = Bundle.module.resourceURL else { throw CocoaError(.fileNoSuchFile) }
        let file = root.appendingPathComponent("Vectors/constant_extranonce1.json")
        return try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).vectors
    }

    /// What the pool said, as our own connection understands it, and the connection.
    private static func upstream(_ pool: Pool) throws -> (job: UpstreamJob, connection: BitcoinPoolDialogue) {
        let mask = pool.version_mask.flatMap { Hex.uint32($0.utf8) }
        var machine = BitcoinPoolDialogue(
            settings: PoolDialogueSettings(
                user: "u",
                password: "x",
                userAgent: "router/1",
                asksFirst: mask != nil,
                versionMask: mask ?? 0,
                handshakeTimeout: .seconds(10),
                questionTimeout: .seconds(5)
            )
        )
        var output = ByteBuffer()
        _ = machine.connected(now: .uptimeNanoseconds(0), into: &output)
        var lines: [String] = []
        if let text = pool.version_mask {
            lines.append(#"{"id":1,"result":{"version-rolling":true,"version-rolling.mask":"\#(text)"},"error":null}"#)
        }
        let first = lines.count + 1
        lines.append(#"{"id":\#(first),"result":\#(pool.subscribe_result.text),"error":null}"#)
        lines.append(#"{"id":\#(first + 1),"result":true,"error":null}"#)
        lines.append(#"{"id":null,"method":"mining.set_difficulty","params":[\#(pool.difficulty)]}"#)
        lines.append(#"{"id":null,"method":"mining.notify","params":\#(pool.notify_params.text)}"#)
        for line in lines {
            let event = machine.received(ByteBuffer(string: line), now: .uptimeNanoseconds(0), into: &output)
            if case .ready(let job) = event { return (job, machine) }
        }
        throw CocoaError(.coderInvalidValue)
    }

    private static func bytes(_ text: String) -> [UInt8] { Hex.decode(text, maximumCount: 64) ?? [] }

    @Test func jobsAndSharesAreTranslatedAsTheVectorsSay() throws {
        var checked = 0
        for vector in try Self.vectors() {
            let prefix = Self.bytes(vector.miner.extranonce1)
            // Our layouts know these sizes; a miner with another total is none of ours.
            let total = prefix.count + vector.miner.extranonce2_size
            let layout = try #require(NonceLayout(smallestExtranonce2Size: total))
            guard layout.total == total else { continue }
            let grant = NonceGrant(space: 0, prefix: prefix, layout: layout)
            #expect(grant.bitcoinExtranonce2Size == vector.miner.extranonce2_size)
            var links: [String: IssuingLink] = [:]
            var checks = ShareChecks()
            for (index, pool) in vector.pools.enumerated() {
                let (upstream, connection) = try Self.upstream(pool)
                // The same subscription once more: the pool's job is issued a second time.
                let link = links[pool.subscribe_result.text] ?? IssuingLink(index + 1, layout: layout)
                guard let job = link.receives(upstream) else {
                    #expect(!pool.expect.usable, "\(vector.name), \(pool.name)")
                    continue
                }
                links[pool.subscribe_result.text] = link
                #expect(pool.expect.usable, "\(vector.name), \(pool.name)")
                try Self.check(
                    job, of: pool, on: connection, grant: grant, checks: &checks, name: vector.name
                )
                checked += 1
            }
        }
        #expect(checked >= 3)
    }

    private static func check(
        _ job: IssuedJob,
        of pool: Pool,
        on connection: BitcoinPoolDialogue,
        grant: NonceGrant,
        checks: inout ShareChecks,
        name: String
    ) throws {
        if let padding = pool.expect.padding { #expect(job.padding == Self.bytes(padding), "\(name), \(pool.name)") }
        if let expected = pool.expect.downstream_notify_params {
            let line = try String(buffer: job.bitcoin.notifyLine(clean: expected.rest.last == .bool(true)))
            #expect(line.contains(expected.rest.map(\.text).joined(separator: ",") + "]"), "\(name), \(pool.name)")
        }
        guard let submit = pool.miner_submit_params, let sent = pool.expect.upstream_submit_params else { return }
        let submission = Submission(
            user: ByteBuffer(string: submit[0]),
            jobID: ByteBuffer(string: submit[1]),
            found: FoundNonce(
                extranonce2: try #require(Extranonce2(hex: submit[2])), ntime: try #require(Hex.uint32(submit[3].utf8)),
                nonce: try #require(Hex.uint32(submit[4].utf8)),
                versionBits: submit.count > 5 ? Hex.uint32(submit[5].utf8) : nil
            )
        )
        let outcome = checks.judge(
            submission,
            job: job,
            grant: grant,
            mask: job.upstream.versionMask,
            difficulty: pool.difficulty,
            unixTime: UInt64(submission.found.ntime)
        )
        guard case .valid(let valid) = outcome else {
            #expect(pool.expect.accepted == false, "\(name), \(pool.name): \(outcome)")
            return
        }
        #expect(valid.meetsPoolTarget)
        if let text = pool.expect.pow_hash, let hash = Hash256(displayHex: text) {
            #expect(valid.shareDifficulty == hash.difficulty(), "\(name), \(pool.name)")
        }
        #expect((valid.versionBits != nil) == (sent.count > 5), "\(name), \(pool.name)")
        let share = PoolShare(
            jobID: job.upstream.work.id,
            padding: job.padding,
            prefix: grant.prefix,
            found: FoundNonce(
                extranonce2: submission.found.extranonce2, ntime: submission.found.ntime, nonce: submission.found.nonce,
                versionBits: valid.versionBits
            )
        )
        var line = ByteBuffer()
        var connection = connection
        let id = try #require(connection.submit(share, user: pool.upstream_worker ?? "", into: &line))
        let params = sent.map { "\"\($0)\"" }.joined(separator: ",")
        #expect(String(buffer: line) == #"{"id":\#(id),"method":"mining.submit","params":[\#(params)]}"# + "\n")
    }
}

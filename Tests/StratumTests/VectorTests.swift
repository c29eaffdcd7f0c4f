import NIOCore
import Stratum
import Testing

/// The shares of the vector files, from the wire to the verdict.
@Suite struct VectorTests {
    private struct UnexpectedMessage: Error {}

    private static func vectors(_ file: String) throws -> [JSONValue] {
        let text = try resource(file, in: "Vectors")
        return try #require(try JSONValue(parsing: line(text)).object?["vectors"]?.array)
    }

    private static func job(_ params: JSONValue) throws -> Job {
        let text = "{\"id\":null,\"method\":\"mining.notify\",\"params\":\(json(params))}"
        guard case .notification(.notify(let job), _) = try PoolMessage.decode(line(text)) else {
            throw UnexpectedMessage()
        }
        return job
    }

    private static func submission(_ params: JSONValue) throws -> Submission {
        let text = "{\"id\":4,\"method\":\"mining.submit\",\"params\":\(json(params))}"
        guard case .request(_, .submit(let submission)) = try MinerMessage.decode(line(text)) else {
            throw UnexpectedMessage()
        }
        return submission
    }

    private static func subscription(_ result: JSONValue) throws -> PoolSubscription {
        guard case .response(_, let response) = try PoolMessage.decode(line("{\"id\":1,\"result\":\(json(result))}"))
        else {
            throw UnexpectedMessage()
        }
        return try #require(response.subscription)
    }

    private static func mask(_ vector: JSONObject) -> UInt32 {
        vector["version_mask"]?.string.flatMap { Hex.uint32($0.utf8) } ?? 0
    }

    @Test func everyShareIsJudgedAsExpected() throws {
        let vectors = try Self.vectors("sha256d.json")
        #expect(vectors.count == 14)
        for vector in vectors {
            try Self.judge(try #require(vector.object))
        }
    }

    private static func judge(_ vector: JSONObject) throws {
        let name = try #require(vector["name"]?.string)
        let expected = try #require(vector["expect"]?.object)
        let subscription = try self.subscription(try #require(vector["subscribe_result"]))
        let job = try self.job(try #require(vector["notify_params"]))
        let submission = try self.submission(try #require(vector["submit_params"]))
        let target = Target(difficulty: try #require(vector["difficulty"]?.number))
        #expect(target.value.displayHex == expected["share_target"]?.string, "\(name)")

        let versions = VersionRolling.candidates(
            jobVersion: job.version,
            mask: self.mask(vector),
            bits: submission.found.versionBits
        )
        let code: Int?
        if submission.jobID != line(job.id) {
            code = 21
        } else if submission.found.extranonce2.count != subscription.extranonce2Size {
            code = 20
        } else if let version = versions[0] {
            let header = BlockHeader.build(
                job: job,
                coinbase1: job.coinbase1,
                extranonce1: subscription.extranonce1,
                extranonce2: submission.found.extranonce2,
                version: version,
                ntime: submission.found.ntime,
                nonce: submission.found.nonce
            )
            let hash = header.powHash
            #expect(hex(header.bytes) == expected["header"]?.string, "\(name)")
            #expect(hex(header.merkleRoot.bytes) == expected["merkle_root"]?.string, "\(name)")
            #expect(hash.displayHex == expected["pow_hash"]?.string, "\(name)")
            #expect(
                Target(nbits: job.nbits).isMet(by: hash) == (expected["meets_network_target"] == .bool(true)),
                "\(name)"
            )
            let difficulty = try #require(expected["share_difficulty"]?.string.flatMap { Double($0) })
            #expect(abs(hash.difficulty() / difficulty - 1) < 1e-6, "\(name)")
            code = target.isMet(by: hash) ? nil : 23
        } else {
            code = 20
        }
        #expect(code == expected["error_code"]?.integer, "\(name)")
        #expect((code == nil) == (expected["accepted"] == .bool(true)), "\(name)")
    }

    @Test func constantExtranonce1GivesTheSameHeaderOnBothSides() throws {
        let vectors = try Self.vectors("constant_extranonce1.json")
        #expect(vectors.count == 3)
        for vector in vectors {
            let miner = try #require(vector.object?["miner"]?.object)
            for pool in try #require(vector.object?["pools"]?.array) {
                try Self.compareSides(miner: miner, pool: try #require(pool.object))
            }
        }
    }

    private static func compareSides(miner: JSONObject, pool: JSONObject) throws {
        let name = try #require(pool["name"]?.string)
        let expected = try #require(pool["expect"]?.object)
        let prefix = bytes(try #require(miner["extranonce1"]?.string))
        let minerSize = try #require(miner["extranonce2_size"]?.integer)
        let subscription = try self.subscription(try #require(pool["subscribe_result"]))
        let paddingCount = subscription.extranonce2Size - prefix.count - minerSize
        #expect((paddingCount >= 0) == (expected["usable"] == .bool(true)), "\(name)")
        guard paddingCount >= 0 else {
            return
        }
        let padding = pool["router_padding"]?.string.map(bytes) ?? [UInt8](repeating: 0, count: paddingCount)
        let job = try self.job(try #require(pool["notify_params"]))
        let jobID = try #require(pool["router_job_id"]?.string)

        // Downwards: the pool's extranonce1 and the padding become part of the coinbase.
        let notify = writtenLine {
            MessageEncoder.notify(
                jobID: jobID,
                job: job,
                coinbase1: job.coinbase1 + subscription.extranonce1 + padding,
                ntime: job.ntime,
                cleanJobs: true,
                into: &$0
            )
        }
        let downstream = try #require(try JSONValue(parsing: notify).object?["params"])
        #expect(downstream == expected["downstream_notify_params"], "\(name)")

        // Upwards: the padding and the prefix become part of extranonce2.
        let submission = try self.submission(try #require(pool["miner_submit_params"]))
        let submit = writtenLine {
            MessageEncoder.submit(
                id: 1,
                user: pool["upstream_worker"]?.string ?? "",
                share: PoolShare(jobID: job.id, padding: padding, prefix: prefix, found: submission.found),
                into: &$0
            )
        }
        let upstream = try #require(try JSONValue(parsing: submit).object?["params"])
        #expect(upstream == expected["upstream_submit_params"], "\(name)")

        let minerJob = try self.job(downstream)
        let version = try #require(
            VersionRolling.candidates(
                jobVersion: job.version, mask: self.mask(pool), bits: submission.found.versionBits
            )[0]
        )
        let minerHeader = BlockHeader.build(
            job: minerJob,
            coinbase1: minerJob.coinbase1,
            extranonce1: prefix,
            extranonce2: submission.found.extranonce2,
            version: version,
            ntime: submission.found.ntime,
            nonce: submission.found.nonce
        )
        // The pool's extranonce2 may be longer than eight bytes, so its first part goes with extranonce1.
        let poolHeader = BlockHeader.build(
            job: job,
            coinbase1: job.coinbase1,
            extranonce1: subscription.extranonce1 + padding + prefix,
            extranonce2: submission.found.extranonce2,
            version: version,
            ntime: submission.found.ntime,
            nonce: submission.found.nonce
        )
        #expect(minerHeader == poolHeader, "\(name)")
        #expect(hex(minerHeader.bytes) == expected["header"]?.string, "\(name)")
        let hash = powHash(
            job: job,
            coinbase1: job.coinbase1 + subscription.extranonce1 + padding,
            extranonce1: prefix,
            extranonce2: submission.found.extranonce2,
            version: version,
            ntime: submission.found.ntime,
            nonce: submission.found.nonce
        )
        #expect(hash.displayHex == expected["pow_hash"]?.string, "\(name)")
        let target = Target(difficulty: try #require(pool["difficulty"]?.number))
        #expect(target.isMet(by: hash) == (expected["accepted"] == .bool(true)), "\(name)")
    }
}

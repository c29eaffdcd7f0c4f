import Stratum
import Testing

/// The shares of equihash.json, from the wire to the verdict, and what becomes of them when they are damaged.
@Suite struct EquihashVectorTests {
    /// One submitted share.
    private struct Share {
        let name: String
        let expected: JSONObject
        let verifier: EquihashVerifier
        let header: [UInt8]
        let nbits: UInt32
        let target: Target
        let submitted: String
    }

    private static func shares() throws -> [Share] {
        let text = try resource("equihash.json", in: "Vectors")
        let vectors = try #require(try JSONValue(parsing: line(text)).object?["vectors"]?.array)
        return try vectors.map { try self.share(try #require($0.object)) }
    }

    private static func share(_ vector: JSONObject) throws -> Share {
        let n = try #require(vector["n"]?.integer)
        let k = try #require(vector["k"]?.integer)
        let job = try #require(vector["notify_params"]?.array).map { $0.string ?? "" }
        let submit = try #require(vector["submit_params"]?.array).map { $0.string ?? "" }
        let fields = job[1...6].joined() + (vector["nonce_1"]?.string ?? "") + submit[3]
        return Share(
            name: try #require(vector["name"]?.string),
            expected: try #require(vector["expect"]?.object),
            verifier: EquihashVerifier(
                parameters: try EquihashParameters(parsing: "\(n)_\(k)"),
                personalization: try #require(vector["personalization"]?.string.flatMap { EquihashPersonalization($0) })
            ),
            header: bytes(fields),
            nbits: try #require(Hex.uint32(hex(bytes(job[6]).reversed()).utf8)),
            target: Target(try #require(vector["set_target"]?.string.flatMap { Hash256(displayHex: $0) })),
            submitted: submit[4]
        )
    }

    @Test func everyShareIsJudgedAsExpected() throws {
        let shares = try Self.shares()
        #expect(shares.count == 6)
        for share in shares {
            let name = share.name
            let expected = share.expected
            #expect(hex(share.header) == expected["header_140"]?.string, "\(name)")
            let solution = try EquihashSolution(submitted: share.submitted, parameters: share.verifier.parameters)
            #expect(hex(solution.prefix + solution.bytes) == share.submitted, "\(name)")
            let verdict = share.verifier.verify(header: share.header, solution: solution.bytes)
            #expect((verdict == .valid) == (expected["valid_solution"] == .bool(true)), "\(name): \(verdict)")

            let hash = solution.shareHash(header: share.header)
            let meetsTarget = share.target.isMet(by: hash)
            #expect(hash.displayHex == expected["block_id"]?.string, "\(name)")
            #expect(meetsTarget == (expected["meets_share_target"] == .bool(true)), "\(name)")
            #expect(
                Target(nbits: share.nbits).isMet(by: hash) == (expected["meets_network_target"] == .bool(true)),
                "\(name)"
            )
            #expect((verdict == .valid && meetsTarget) == (expected["accepted"] == .bool(true)), "\(name)")
        }
    }

    @Test func alteredSharesFailForTheirReason() throws {
        let verdicts = try Self.shares().map { share in
            let solution = try EquihashSolution(submitted: share.submitted, parameters: share.verifier.parameters)
            return share.verifier.verify(header: share.header, solution: solution.bytes)
        }
        #expect(verdicts == [.valid, .valid, .valid, .noCollision(round: 1), .wrongOrder(round: 9), .valid])
    }

    /// Damage anywhere, in the header, in the solution or in what they are judged by, makes a good share bad.
    @Test func damagedSharesAreBad() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for share in try Self.shares() where share.expected["valid_solution"] == .bool(true) {
            let parameters = share.verifier.parameters
            let solution = try EquihashSolution(submitted: share.submitted, parameters: parameters).bytes
            let indices = try #require(EquihashIndices.unpack(solution, parameters: parameters))
            #expect(EquihashIndices.pack(indices, parameters: parameters) == solution)
            for _ in 0..<150 {
                var damagedHeader = share.header
                Self.flipBit(of: &damagedHeader, &generator)
                var damaged = solution
                Self.flipBit(of: &damaged, &generator)
                var exchanged = indices
                let places = (0..<indices.count).shuffled(using: &generator)
                exchanged.swapAt(places[0], places[1])
                var repeated = indices
                repeated[places[0]] = repeated[places[1]]
                let bad: [(what: String, header: [UInt8], solution: [UInt8])] = [
                    ("header", damagedHeader, solution),
                    ("solution", share.header, damaged),
                    ("exchanged", share.header, EquihashIndices.pack(exchanged, parameters: parameters)),
                    ("repeated", share.header, EquihashIndices.pack(repeated, parameters: parameters)),
                    ("shorter", share.header, Array(solution.dropLast(Int(places[0]) + 1))),
                    ("longer", share.header, solution + [.random(in: 0...255, using: &generator)]),
                    ("noise", share.header, solution.map { _ in .random(in: 0...255, using: &generator) }),
                ]
                for (what, header, solution) in bad {
                    let verdict = share.verifier.verify(header: header, solution: solution)
                    #expect(verdict != .valid, "\(share.name), \(what), seed \(seed)")
                }
            }
            let other = EquihashVerifier(
                parameters: parameters,
                personalization: try #require(EquihashPersonalization("ZcashPow"))
            )
            #expect(other.verify(header: share.header, solution: solution) == .noCollision(round: 1))
        }
    }

    private static func flipBit(of bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    }
}

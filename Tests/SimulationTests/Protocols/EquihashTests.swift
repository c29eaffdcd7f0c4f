import NIOCore
import Stratum
import Testing

@testable import Simulation

extension ProtocolTests {
    @Suite(.timeLimit(.minutes(5))) struct EquihashTests {
        @Test func extranonceChangeIsTakenAsTheFirmwareDoes() async throws {
            for profile in EquihashProfile.allCases {
                try await withPool(.equihash) { pool in
                    try await withMiner(on: pool, .equihash, { $0.equihash.profile = profile }) { miner in
                        try await miner.wait("shares") { $0.accepted >= 1 }
                        let old = pool.log.connections.first?.extranonce1
                        try await pool.inject(.setExtranonce(size: 28))
                        let follows = profile == .subscriber
                        try await miner.wait("shares for the next job") { log in
                            log.submissions.contains { share in
                                follows
                                    ? share.extranonce1 != old && share.reply == .accepted
                                    : share.reply == .rejected(code: 20, text: "Invalid solution")
                            }
                        }
                        #expect(miner.log.violations.isEmpty == follows)
                        #expect(follows || miner.log.submissions.allSatisfy { $0.extranonce1 == old })
                    }
                }
            }
        }

        @Test func reconnectRequestIsObeyedAsTheFirmwareDoes() async throws {
            for profile in EquihashProfile.allCases {
                try await withPool(.equihash) { pool in
                    try await withMiner(on: pool, .equihash, { $0.equihash.profile = profile }) { miner in
                        try await miner.wait("mining") { $0.isMining }
                        try await pool.inject(.reconnectRequest(host: nil, port: nil))
                        try await miner.wait("shares on the second link") { log in
                            log.submissions.contains { $0.connection == 1 && $0.reply == .accepted }
                        }
                        let obeys = profile != .stubborn
                        let note = MinerEvent.Kind.reconnectRequested(host: nil, port: nil, obeyed: obeys)
                        #expect(miner.log.events.contains { $0.kind == note })
                        #expect(pool.log.connections.map(\.isResumed) == [false, profile == .reconnector])
                        let isSame = Set(pool.log.connections.map(\.extranonce1)).count == 1
                        #expect(isSame == (profile == .reconnector))
                    }
                }
            }
        }

        @Test(arguments: [MinerMistake.extranonceOrder, .nonceOrder])
        func wrongByteOrderIsRefused(mistake: MinerMistake) async throws {
            try await withPool(.equihash) { pool in
                try await withMiner(on: pool, .equihash, { $0.mistake = mistake }) { miner in
                    try await miner.wait("refusals") { $0.rejected >= 2 }
                    #expect(Set(pool.shareLog.map(\.verdict)) == [.rejected(code: 20, text: "Invalid solution")])
                }
            }
        }

        @Test func poolWithoutTheExtensionIsMinedAllTheSame() async throws {
            try await withPool(
                .equihash,
                {
                    $0.equihash.knowsExtranonceSubscribe = false
                    $0.equihash.namesPuzzle = true
                    $0.extranonce1Size = 12
                }
            ) { pool in
                try await withMiner(on: pool, .equihash) { miner in
                    try await miner.wait("shares") { $0.accepted >= 2 }
                    #expect(miner.log.submissions.allSatisfy { $0.extranonce2.utf8.count == 40 })
                    #expect(miner.log.violations.isEmpty)
                }
            }
        }

        @Test func wrongSharesAreRefusedInTheRightWords() async throws {
            // Any solution is good enough.
            try await withPool(.equihash, { $0.difficulty = 1e-6 }) { pool in
                let client = try await RawClient.connect(to: pool)
                try await client.send(#"{"id":1,"method":"mining.subscribe","params":["raw/1.0",null,"host",1]}"#)
                try await client.send(#"{"id":2,"method":"mining.authorize","params":["a.b","x"]}"#)
                let subscribed = try await client.line(with: #"{"id":1,"#)
                let nonce1 = try #require(subscribed["result"]?.array?.last?.string.flatMap(HexText.bytes))
                let params = try #require(try await client.line(with: "mining.notify")["params"]?.array)
                let (share, job) = try self.solve(params, nonce1: nonce1)
                let (time, nonce2) = (HexText.text(job.time), HexText.text(share.nonce2))
                let solution = HexText.text([36] + share.solution)
                let zeros = "24" + String(repeating: "00", count: 36)
                let submits = [
                    ["a.b", "nope", time, nonce2, solution, "Job not found"],
                    ["a.c", job.id, time, nonce2, solution, "Unauthorized worker"],
                    ["a.b", job.id, "00000000", nonce2, solution, "Ntime out of range"],
                    ["a.b", job.id, time, nonce2 + "00", solution, "Invalid nonce2 length"],
                    ["a.b", job.id, time, nonce2, String(solution.dropFirst(2)), "Invalid solution size"],
                    ["a.b", job.id, time, nonce2, zeros, "Invalid solution"],
                    ["a.b", job.id, nonce2, time, solution, "Ntime out of range"],
                    ["a.b", job.id, time, nonce2, solution, #""result":true"#],
                    ["a.b", job.id, time, nonce2, solution, "Duplicate"],
                ]
                for (index, submit) in submits.enumerated() {
                    let fields = submit.dropLast().map { "\"\($0)\"" }.joined(separator: ",")
                    try await client.send(#"{"id":\#(index + 10),"method":"mining.submit","params":[\#(fields)]}"#)
                    #expect(try await client.reply(index + 10).contains(submit[5]), "\(submit)")
                }
                let count = client.lines.count
                try await pool.setDifficulty(1e9)
                let next = try await client.line(with: "mining.notify", after: count)["params"]?.array
                let (hard, hardJob) = try self.solve(try #require(next), nonce1: nonce1)
                let fields = [
                    "a.b", hardJob.id, HexText.text(hardJob.time), HexText.text(hard.nonce2),
                    HexText.text([36] + hard.solution),
                ].map { "\"\($0)\"" }.joined(separator: ",")
                try await client.send(#"{"id":30,"method":"mining.submit","params":[\#(fields)]}"#)
                #expect(try await client.reply(30).contains("Above target"))
                try await pool.newBlock()
                try await client.send(#"{"id":31,"method":"mining.submit","params":[\#(fields)]}"#)
                #expect(try await client.reply(31).contains("Stale"))
                try await client.close()
            }
        }

        /// Any solution of a job.
        private func solve(
            _ params: [JSONValue],
            nonce1: [UInt8]
        ) throws -> (share: (nonce2: [UInt8], solution: [UInt8], number: Number256), job: EquihashMinerJob) {
            let job = try #require(EquihashMinerJob(params, target: .maximum, nonce1: nonce1))
            var search = EquihashSearch(job, mistake: nil)
            // Three of four headers have a solution.
            let share = try #require(search.run(60).first)
            return (share, job)
        }

        /// The places of the fields in the 140 bytes.
        @Test func fieldsHaveTheirPlacesInTheHeader() {
            var configuration = SimulatedPoolConfiguration(name: "a", protocol: .equihash)
            configuration.chainSeed = 3
            var generator = SeededGenerator(seed: 1)
            let position = JobPosition(id: "1", height: 1, epoch: 1, time: 0x0102_0304, payee: 1)
            let job = EquihashPoolJob(position, configuration, using: &generator)
            let header = job.header(time: job.time, nonce: [UInt8](repeating: 9, count: 32))
            #expect(header.count == 140)
            #expect(header[..<4] == [4, 0, 0, 0])
            #expect(header[4..<36].elementsEqual(job.previousHash))
            #expect(header[100..<104] == [4, 3, 2, 1])
            #expect(header[108...].allSatisfy { $0 == 9 })
        }
    }
}

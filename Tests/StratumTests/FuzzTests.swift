import NIOCore
import Stratum
import Testing

/// Mutated lines lead to a value or an error, and what is taken is understood.
@Suite struct FuzzTests {
    private static let seeds = [
        #"{"id":4,"method":"mining.submit","params":["u.w","1f","00000001","504e86ed","b2957c02","0a5c6000"]}"#,
        #"{"id": 4, "method": "mining.submit", "params": ["u\u002ew", "1f", "0x00000001", "504E86ED", "2", null]}"#,
        #"{"id":1,"method":"mining.configure","params":[["version-rolling","minimum-difficulty"],"#
            + #"{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":2,"minimum-difficulty.value":1.5}]}"#,
        #"{"id":"a","method":"mining.subscribe","params":["agent/1.0","5f",null,[{"x":[]}]]}"#,
        #"{"id":null,"method":"mining.authorize","params":["\ud83d\ude00","x"]}"#,
        #"{"id":1.5e3,"method":"mining.suggest_difficulty","params":[-1.25e-3]}"#,
        #"{"id":1,"method":"mining.suggest_difficulty(1000)","params":[]}"#,
        #"{"id":7,"method":"mining.suggest_target","params":["00000000ffff0000000000000000000000000000000000000000000000000000"]}"#,
        #"{"result":[[["mining.set_difficulty","a"],["mining.notify","b"]],"08000002",4],"id":1,"error":null}"#,
        #"{"result":{"version-rolling":true,"version-rolling.mask":"1fffe000"},"id":7,"error":null}"#,
        #"{"reject-reason":"Above target","result":false,"error":null,"id":5}"#,
        #"{"id":5,"result":null,"error":[23,"Low difficulty share",null]}"#,
        #"{"params":["1f","4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000","01ff","02","#
            + #"["4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000"],"20000000","1c2ac4af","504e86b9",true],"#
            + #""id":null,"method":"mining.notify"}"#,
        #"{"id":null,"method":"mining.set_extranonce","params":["08000002",4]}"#,
        #"{"id":null,"method":"client.reconnect","params":["pool.example.com","3333",5]}"#,
        "GET / HTTP/1.1", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2", "[{\"id\":1},{\"id\":2}]",
    ].map { Array($0.utf8) }

    private static let fragments = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "true", "-", "0", "9", "e", ".", "\\u", "\\ud83d", "0x", " ",
        "\n",
        "1e999", "99999999999999999999", "\"id\":", "\"params\":[", "mining.submit", "\u{00}",
        "[[[[[[[[[[[[[[[[[[[[[[[[",
    ].map { Array($0.utf8) }

    @Test(arguments: [0xF022_0001, 0xF022_0002, 0xF022_0003, 0xF022_0004] as [UInt64])
    func mutatedLinesAreValuesOrErrors(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<5_000 {
            let bytes = mutated(
                Self.seeds.randomElement(using: &generator) ?? [], with: Self.fragments, &generator
            )
            let buffer = ByteBuffer(bytes: bytes)
            let comment: Comment = "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))"
            _ = LineKind(buffer)
            let isObject = Self.isObject(buffer)
            do {
                Self.checkReadsBack(try MinerMessage.decode(buffer), comment)
            } catch {
                #expect(!isObject, comment)
            }
            do {
                Self.checkReadsBack(try PoolMessage.decode(buffer), comment)
            } catch {
                #expect(!isObject, comment)
            }
        }
    }

    private static func isObject(_ buffer: ByteBuffer) -> Bool {
        (try? JSONValue(parsing: buffer))?.object != nil
    }

    /// What was taken for a share is written as the same share.
    private static func checkReadsBack(_ message: MinerMessage, _ comment: Comment) {
        guard case .request(_, .submit(let submission)) = message else {
            return
        }
        let user = String(buffer: submission.user ?? ByteBuffer())
        let jobID = String(buffer: submission.jobID)
        guard line(user) == submission.user, line(jobID) == submission.jobID else {
            // Broken UTF-8 does not survive a String.
            return
        }
        let text = writtenLine {
            MessageEncoder.submit(
                id: 1,
                user: user,
                share: PoolShare(jobID: jobID, found: submission.found),
                into: &$0
            )
        }
        guard case .request(_, .submit(let again)) = try? MinerMessage.decode(text), again == submission else {
            Issue.record(comment)
            return
        }
    }

    /// What was taken for a job is written as the same job.
    private static func checkReadsBack(_ message: PoolMessage, _ comment: Comment) {
        switch message {
        case .notification(.notify(let job), _):
            let line = writtenLine {
                MessageEncoder.notify(
                    jobID: job.id,
                    job: job,
                    coinbase1: job.coinbase1,
                    ntime: job.ntime,
                    cleanJobs: job.cleanJobs,
                    into: &$0
                )
            }
            guard case .notification(.notify(let again), _) = try? PoolMessage.decode(line), again == job else {
                Issue.record(comment)
                return
            }
        case .response(_, let response):
            _ = (response.isTrue, response.rejection, response.subscription, response.versionRollingMask)
        case .notification:
            break
        }
    }
}

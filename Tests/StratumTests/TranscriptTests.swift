import Foundation
import NIOCore
import Stratum
import Testing

/// Conversations recorded between real pools and real miners.
@Suite struct TranscriptTests {
    /// One recorded line and who said it.
    private struct Entry {
        var isFromMiner: Bool
        var text: String
    }

    private static let files = [
        "ckpool-block-source-dies.txt", "ckpool-minerd.txt", "ckpool-probe.txt", "ckpool-restart-handover.txt",
        "ckpool2017-closes-on-configure.txt", "ckpool2017-probe.txt", "ckproxy-upstream-killed-minerd.txt",
    ]

    /// Without the recorder's remarks and the lines that it shortened.
    private static func entries(_ file: String) throws -> [Entry] {
        try resource(file, in: "Transcripts").split(separator: "\n").compactMap { recorded in
            for (mark, isFromMiner) in [(" >> ", true), (" << ", false)] {
                if let range = recorded.range(of: mark) {
                    let text = String(recorded[range.upperBound...])
                    return text.hasSuffix(" bytes)") ? nil : Entry(isFromMiner: isFromMiner, text: text)
                }
            }
            return nil
        }
    }

    /// The method by an independent decoder; nil for responses.
    private static func method(_ text: String) throws -> String? {
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return object?["method"] as? String
    }

    @Test(arguments: files)
    func everyLineIsOfTheRightKind(file: String) throws {
        let entries = try Self.entries(file)
        #expect(!entries.isEmpty)
        for entry in entries {
            if entry.isFromMiner {
                try Self.checkMiner(entry.text)
            } else {
                try Self.checkPool(entry.text)
            }
        }
    }

    private static func checkMiner(_ text: String) throws {
        guard text.hasPrefix("{"), !text.contains(",,") else {
            #expect(throws: StratumError.self, "\(text)") { try MinerMessage.decode(line(text)) }
            return
        }
        guard case .request(_, let request) = try MinerMessage.decode(line(text)) else {
            Issue.record("response: \(text)")
            return
        }
        let isRight =
            switch (try self.method(text), request) {
            case ("mining.configure", .configure), ("mining.subscribe", .subscribe), ("mining.authorize", .authorize),
                ("mining.submit", .submit), ("mining.submit", .malformedSubmit),
                ("mining.extranonce.subscribe", .extranonceSubscribe), ("mining.get_transactions", .getTransactions),
                ("mining.suggest_difficulty", .suggestDifficulty), ("mining.suggest_target", .suggestTarget),
                ("mining.ping", .ping):
                true
            case (let method, .unknown(let name)):
                method == name && !name.hasPrefix("mining.")
            default:
                false
            }
        #expect(isRight, "\(text) became \(request)")
    }

    private static func checkPool(_ text: String) throws {
        guard text.hasPrefix("{") else {
            // ckpool says goodbye to a web browser in plain words.
            #expect(throws: StratumError.self, "\(text)") { try PoolMessage.decode(line(text)) }
            return
        }
        let message = try PoolMessage.decode(line(text))
        let isRight =
            switch (try self.method(text), message) {
            case (nil, .response), ("mining.notify", .notification(.notify, _)),
                ("mining.set_difficulty", .notification(.setDifficulty, _)),
                ("mining.ping", .notification(.ping, .integer(42))),
                ("client.reconnect", .notification(.reconnect(host: nil, port: nil, wait: nil), _)):
                true
            default:
                false
            }
        #expect(isRight, "\(text) became \(message)")
    }

    @Test func everyAcceptedShareProvesItsDifficulty() throws {
        var extranonce1: [UInt8] = []
        var difficulty = 1.0
        var jobs: [String: (job: Job, difficulty: Double)] = [:]
        var waiting: [Submission] = []
        var acceptedCount = 0
        for entry in try Self.entries("ckpool-minerd.txt") {
            if entry.isFromMiner {
                if case .request(_, .submit(let submission)) = try MinerMessage.decode(line(entry.text)) {
                    waiting.append(submission)
                }
                continue
            }
            switch try PoolMessage.decode(line(entry.text)) {
            case .response(.integer(1), let response):
                extranonce1 = try #require(response.subscription?.extranonce1)
            case .response(.integer(4), let response):
                let submission = waiting.removeFirst()
                #expect(response.isTrue)
                let (job, jobDifficulty) = try #require(jobs[String(buffer: submission.jobID)])
                let hash = powHash(
                    job: job,
                    coinbase1: job.coinbase1,
                    extranonce1: extranonce1,
                    extranonce2: submission.found.extranonce2,
                    version: job.version,
                    ntime: submission.found.ntime,
                    nonce: submission.found.nonce
                )
                #expect(Target(difficulty: jobDifficulty).isMet(by: hash), "\(entry.text)")
                acceptedCount += 1
            case .notification(.setDifficulty(let value), _):
                difficulty = value
            case .notification(.notify(let job), _):
                jobs[job.id] = (job, difficulty)
            case .response, .notification:
                break
            }
        }
        #expect(acceptedCount == 96)
    }
}

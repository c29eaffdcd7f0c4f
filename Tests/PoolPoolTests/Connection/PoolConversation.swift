import NIOCore
import PoolPool
import Stratum

/// A pool's side of a conversation with ``BitcoinPoolDialogue``. Each step returns what the machine did: the
/// lines it sent, then the event it announced in words.
struct PoolConversation {
    private(set) var machine: BitcoinPoolDialogue
    private var now = NIODeadline.uptimeNanoseconds(0)

    /// - Parameter mask: the version bits it asks for; nil: it does not ask.
    init(
        user: String? = "acct.w1",
        mask: UInt32? = nil,
        sessionID: String? = nil,
        suggestDifficulty: Double? = nil
    ) {
        self.machine = BitcoinPoolDialogue(
            settings: PoolDialogueSettings(
                user: user,
                password: "x",
                userAgent: "router/1",
                asksFirst: mask != nil,
                versionMask: mask ?? 0,
                sessionID: sessionID,
                suggestDifficulty: suggestDifficulty,
                handshakeTimeout: .seconds(10),
                questionTimeout: .seconds(5)
            )
        )
    }

    /// The connection is open.
    mutating func opens() -> [String] {
        var output = ByteBuffer()
        let event = self.machine.connected(now: self.now, into: &output)
        return sentLines(output) + words(event)
    }

    /// The pool says `line`.
    mutating func says(_ line: String) -> [String] {
        var output = ByteBuffer()
        let event = self.machine.received(ByteBuffer(string: line), now: self.now, into: &output)
        return sentLines(output) + words(event)
    }

    /// Time passes.
    mutating func waits(_ amount: TimeAmount) -> [String] {
        self.now = self.now + amount
        var output = ByteBuffer()
        let event = self.machine.tick(now: self.now, into: &output)
        return sentLines(output) + words(event)
    }

    mutating func authorizes(_ user: String) -> [String] {
        var output = ByteBuffer()
        self.machine.authorize(user: user, password: "x", now: self.now, into: &output)
        return sentLines(output)
    }

    /// Subscribes, authorises and gets the job `j1`.
    mutating func becomesReady(extranonce: String = #""8100f3c2",8"#) {
        _ = self.opens()
        _ = self.says(#"{"id":1,"result":[[["mining.notify","s1"]],\#(extranonce)],"error":null}"#)
        _ = self.says(#"{"id":2,"result":true,"error":null}"#)
        _ = self.says(notifyLine("j1"))
    }

    /// Sends a share; the request's id and the line.
    mutating func submits(_ share: UpstreamShare, user: String = "acct.w1") -> (request: Int?, lines: [String]) {
        var output = ByteBuffer()
        let request = self.machine.submit(share.share, user: user, into: &output)
        return (request, sentLines(output))
    }
}

/// The lines in `buffer`.
func sentLines(_ buffer: ByteBuffer) -> [String] {
    String(buffer: buffer).split(separator: "\n").map(String.init)
}

/// A small job as a pool sends it.
func notifyLine(_ id: String, ntime: String = "681d6dec", clean: Bool = true, previous: Character = "a") -> String {
    let hash = String(repeating: previous, count: 64)
    return #"{"id":null,"method":"mining.notify","params":["\#(id)","\#(hash)","01","02",[],"20000000","1d00ffff","#
        + #""\#(ntime)",\#(clean)]}"#
}

/// `event` in words, on one line; none for none.
func words(_ event: PoolEvent?) -> [String] {
    switch event {
    case nil: []
    case .subscribed(let terms): ["subscribed \(words(terms))"]
    case .ready(let job): ["ready \(words(job))"]
    case .job(let job): ["job \(words(job))"]
    case .verdict(let request, .accepted): ["accepted \(request)"]
    case .verdict(let request, .rejected(let rejection)):
        ["rejected \(request) \(rejection.kind) \(rejection.code) \(rejection.message)"]
    case .versionMaskChanged(let mask): ["mask \(String(mask, radix: 16))"]
    case .reconnectRequested(let host, let port, let wait):
        ["reconnect \(host ?? "-") \(port.map(String.init) ?? "-") \(wait.map(String.init) ?? "-")"]
    case .messageShown(let text): ["message \(text)"]
    case .overstepped(let what): ["overstepped \(what)"]
    case .failed(let failure): ["failed \(failure)"]
    }
}

/// The room, and what an operator is told.
func words(_ terms: PoolTerms) -> String { "\(terms.room.map(String.init) ?? "-"): \(terms.summary)" }

/// Job, extranonce, difficulty and mask, with `+` where version bits are expected. The room, if it is not that of the
/// extranonce.
func words(_ job: UpstreamJob) -> String {
    guard let work = job.work as? BitcoinWork else { return "\(job.work)" }
    return "\(work.job.id) \(hexText(work.extranonce1))/\(work.extranonce2Size) d=\(job.difficulty)"
        + " m=\(String(job.versionMask, radix: 16))\(work.expectsVersionBits ? "+" : "")"
        + (job.room == work.extranonce2Size ? "" : " room=\(job.room)")
}

func hexText(_ bytes: [UInt8]) -> String {
    var buffer = ByteBuffer()
    Hex.append(bytes, to: &buffer)
    return String(buffer: buffer)
}

/// A share with nothing remarkable in it.
func someShare(
    _ number: Int64 = 1,
    on connection: ConnectionID = 1,
    job: String = "j1",
    versionBits: UInt32? = nil
) -> UpstreamShare {
    UpstreamShare(
        connection: connection,
        share: PoolShare(
            jobID: job,
            padding: [0, 1],
            prefix: [0x0a, 0x01],
            found: FoundNonce(
                extranonce2: Extranonce2(value: 0x463f_b806, count: 4) ?? .empty, ntime: 0x681d_6dee,
                nonce: 0x0004_bef0, versionBits: versionBits
            )
        ),
        ticket: ShareTicket(share: number, session: 1, shard: 0, worker: 1, difficulty: 1)
    )
}

/// One miner: its connection, and what its next share is made of.
struct Miner {
    /// -1 when the connection has ended.
    var socket: Int32
    var isConnecting = true
    /// Has had a job at all, and the one that ``Miners/untilAllInformed(of:_:)`` waits for.
    var isWorking = false
    var isInformed = false
    /// Shares that have no answer yet.
    var pending = 0
    private var job: [UInt8] = []
    private var time: [UInt8] = []
    private var extranonce2: [UInt8] = []

    init(socket: Int32) { self.socket = socket }

    /// Takes a `mining.notify`.
    mutating func take(job line: UnsafeRawBufferPointer) {
        // The time is the last text of the line.
        guard let job = line.text(0, behind: "\"params\""), let end = line.lastIndex(of: 0x22),
            let begin = line[..<end].lastIndex(of: 0x22)
        else { give(up: "a job that is none: \(String(decoding: line, as: UTF8.self))") }
        self.job = Array(job)
        self.time = Array(line[(begin + 1)..<end])
    }

    /// The number that a ``BarePool`` gave the job of this line.
    static func number(ofJob line: UnsafeRawBufferPointer) -> Int? {
        line.text(1, behind: "\"params\"").flatMap { UnsafeRawBufferPointer(rebasing: $0.prefix(8)).hexadecimal }
    }

    /// Takes the answer to `mining.subscribe`.
    mutating func take(subscription line: UnsafeRawBufferPointer) {
        // [[…],"extranonce1",size]: the size is the last number of the result.
        guard let end = line.offset(of: "],\"error\"") ?? line.offset(of: "]}"),
            let comma = line[..<end].lastIndex(of: 0x2C),
            let size = Int(String(decoding: line[(comma + 1)..<end], as: UTF8.self))
        else { give(up: "a subscription that is none: \(String(decoding: line, as: UTF8.self))") }
        self.extranonce2 = Array(repeating: 0x30, count: 2 * size)
    }

    /// Writes a `mining.submit` whose nonce is the number of the share. Its `id` is a hundred more, above those of the
    /// handshake.
    func write(share: Int, worker: Int, to line: inout [UInt8]) {
        func append(_ text: StaticString) {
            line.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }
        line.removeAll(keepingCapacity: true)
        append("{\"id\":")
        line.append(contentsOf: String(share + 100).utf8)
        append(",\"method\":\"mining.submit\",\"params\":[\"account.rig-")
        line.append(contentsOf: String(worker).utf8)
        append("\",\"")
        line.append(contentsOf: self.job)
        append("\",\"")
        line.append(contentsOf: self.extranonce2)
        append("\",\"")
        line.append(contentsOf: self.time)
        append("\",\"")
        for shift in stride(from: 28, through: 0, by: -4) {
            let digit = UInt8(share >> shift & 15)
            line.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
        append("\",\"00000000\"]}\n")
    }
}

import Glibc

/// Some thousand miners that send shares and wait for jobs, on one thread.
final class Miners {
    struct Miner {
        var socket: Int32
        var isConnecting = true
        /// What its submits end with: job, extranonce2, time.
        var job: [UInt8] = []
        var time: [UInt8] = []
        var extranonce2: [UInt8] = []
        /// Has had a job at all, and since ``Miners/untilAllInformed(_:)`` began.
        var isWorking = false
        var isInformed = false
    }

    private(set) var miners: [Miner] = []
    private let poller = Poller()
    private let reader = LineReader()
    private let arrivals: ArrivalTimes
    private var random = SplitMix64(state: 1)
    private var line: [UInt8] = []

    /// Of each share since ``forgetShares()``, when it was sent. A share's number is its nonce.
    private(set) var sent: [Int64] = []
    private var firstShare = 1
    private var replies = 0
    private(set) var refused = 0
    private(set) var closed = 0
    private var working = 0
    private var informed = 0
    private var lastInformed: Int64 = 0
    private var isEager = false

    init(arrivals: ArrivalTimes) { self.arrivals = arrivals }

    deinit { for miner in self.miners where miner.socket >= 0 { Glibc.close(miner.socket) } }

    // MARK: Joining and leaving

    /// Connects `count` more miners, at most `atOnce` of them on the way at a time, and returns when all have work. Gives the
    /// time from the first connection to the last job, in nanoseconds.
    @discardableResult
    func join(_ count: Int, port: UInt16, atOnce: Int = 256) -> Int64 {
        let begin = monotonicNow()
        let goal = self.miners.count + count
        while self.working < goal {
            while self.miners.count < goal, self.miners.count - self.working < atOnce {
                let socket = TCPSocket.connect(port: port)
                self.poller.add(socket, tag: self.miners.count, writable: true)
                self.miners.append(Miner(socket: socket))
            }
            self.turn(until: monotonicNow() + 1_000_000_000)
            if monotonicNow() - begin > 60_000_000_000 {
                give(up: "only \(self.working) of \(goal) miners have work, \(self.closed) were disconnected")
            }
        }
        return self.lastInformed - begin
    }

    /// The last `count` miners go.
    func leave(_ count: Int) {
        for _ in 0..<min(count, self.miners.count) {
            let miner = self.miners.removeLast()
            guard miner.socket >= 0 else { continue }
            if miner.isWorking { self.working -= 1 }
            self.reader.forget(miner.socket)
            Glibc.close(miner.socket)
        }
    }

    /// From now on nothing that is sent to them is read.
    func readNothing() {
        for miner in self.miners { self.poller.remove(miner.socket) }
    }

    // MARK: Measuring

    func forgetShares() {
        self.firstShare += self.sent.count
        self.sent.removeAll(keepingCapacity: true)
        self.replies = 0
    }

    /// Sends shares of miners drawn at random, at random times `rate` a second in the mean, until `seconds` have passed.
    func mine(rate: Double, seconds: Double) {
        let end = monotonicNow() + Int64(seconds * 1e9)
        var due = monotonicNow()
        while true {
            let now = monotonicNow()
            guard now < end else { break }
            if now >= due {
                self.submit(Int(self.random.next() % UInt64(self.miners.count)))
                due += Int64(-log(self.random.nextUnit()) / rate * 1e9)
            } else {
                self.turn(until: min(due, end))
            }
        }
        self.settle()
    }

    /// One share after the other, each sent when the one before is answered.
    func mineInTurn(shares: Int) {
        for share in 0..<shares {
            self.submit(share % self.miners.count)
            self.settle()
        }
    }

    /// Every miner has `inFlight` shares on the way for `seconds`. Gives the answers per second.
    func saturate(inFlight: Int, seconds: Double) -> Double {
        let begin = monotonicNow()
        let end = begin + Int64(seconds * 1e9)
        let before = self.replies
        self.isEager = true
        for index in self.miners.indices { for _ in 0..<inFlight { self.submit(index) } }
        while monotonicNow() < end { self.turn(until: end) }
        self.isEager = false
        let count = self.replies - before
        let time = Double(monotonicNow() - begin) / 1e9
        self.settle()
        return Double(count) / time
    }

    /// Waits for the replies that are still to come.
    private func settle() {
        let limit = monotonicNow() + 5_000_000_000
        while self.replies < self.sent.count, monotonicNow() < limit { self.turn(until: limit) }
        if self.replies < self.sent.count { give(up: "\(self.sent.count - self.replies) shares have no answer") }
    }

    /// Runs `trigger`, which returns when it began, and waits until every miner has had a job since. Gives the time to the
    /// last one in nanoseconds.
    func untilAllInformed(_ trigger: () -> Int64) -> Int64 {
        for index in self.miners.indices { self.miners[index].isInformed = false }
        self.informed = 0
        let begin = trigger()
        let limit = monotonicNow() + 30_000_000_000
        while self.informed < self.miners.count, monotonicNow() < limit { self.turn(until: limit) }
        if self.informed < self.miners.count {
            give(up: "only \(self.informed) of \(self.miners.count) miners have had the job")
        }
        return self.lastInformed - begin
    }

    /// Reads what comes for some time.
    func idle(seconds: Double) {
        let end = monotonicNow() + Int64(seconds * 1e9)
        while monotonicNow() < end { self.turn(until: end) }
    }

    /// From each miner's send to the pool's receive, in nanoseconds.
    var delaysToPool: [Int64] {
        self.sent.enumerated().map { self.arrivals[self.firstShare + $0] - $1 }
    }

    // MARK: Talking

    private func turn(until deadline: Int64) {
        self.poller.wait(nanoseconds: deadline - monotonicNow()) { tag, isWritable in
            guard self.miners.indices.contains(tag), self.miners[tag].socket >= 0 else { return }
            if isWritable, self.miners[tag].isConnecting { self.greet(tag) }
            self.read(tag)
        }
    }

    private func greet(_ index: Int) {
        let socket = self.miners[index].socket
        self.miners[index].isConnecting = false
        self.poller.change(socket, tag: index, writable: false)
        self.say(
            """
            {"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000",\
            "version-rolling.min-bit-count":2}]}
            """,
            to: socket
        )
    }

    /// The next line of the handshake, when the one before is answered, as firmwares do it.
    private func goOn(_ index: Int, after id: Int) {
        let socket = self.miners[index].socket
        switch id {
        case 1: self.say(#"{"id":2,"method":"mining.subscribe","params":["bench/1.0"]}"#, to: socket)
        case 2: self.say(#"{"id":3,"method":"mining.authorize","params":["account.rig-\#(index)","x"]}"#, to: socket)
        default: break
        }
    }

    private func say(_ line: String, to socket: Int32) {
        TCPSocket.send(Array((line + "\n").utf8), on: socket)
    }

    private func read(_ index: Int) {
        let socket = self.miners[index].socket
        let isOpen = self.reader.read(socket) { line in
            if line.contains("\"method\":\"mining.notify\"") {
                self.note(job: line, of: index)
            } else if let id = line.number(behind: "\"id\":") {
                if id >= 100 {
                    self.replies += 1
                    if !line.contains("\"result\":true") { self.refused += 1 }
                    if self.isEager { self.submit(index) }
                } else {
                    if id == 2 { self.note(subscription: line, of: index) }
                    self.goOn(index, after: id)
                }
            }
        }
        guard !isOpen else { return }
        self.closed += 1
        if self.miners[index].isWorking { self.working -= 1 }
        self.poller.remove(socket)
        Glibc.close(socket)
        self.miners[index].socket = -1
    }

    private func note(job line: UnsafeRawBufferPointer, of index: Int) {
        guard let job = line.text(0, behind: "\"params\"") else { give(up: "a job without a name") }
        // The time is the last text of the line.
        guard let end = line.lastIndex(of: 0x22), let begin = line[..<end].lastIndex(of: 0x22) else { return }
        self.miners[index].job = Array(job)
        self.miners[index].time = Array(line[(begin + 1)..<end])
        if !self.miners[index].isWorking {
            self.miners[index].isWorking = true
            self.working += 1
        }
        if !self.miners[index].isInformed {
            self.miners[index].isInformed = true
            self.informed += 1
            self.lastInformed = monotonicNow()
        }
    }

    private func note(subscription line: UnsafeRawBufferPointer, of index: Int) {
        // [[…],"extranonce1",size]: the size is the last number of the result.
        guard let end = line.offset(of: "],\"error\"") ?? line.offset(of: "]}"),
            let comma = line[..<end].lastIndex(of: 0x2C),
            let size = Int(String(decoding: line[(comma + 1)..<end], as: UTF8.self))
        else { give(up: "a subscription that is none: \(String(decoding: line, as: UTF8.self))") }
        self.miners[index].extranonce2 = Array(repeating: 0x30, count: 2 * size)
    }

    private func submit(_ index: Int) {
        guard self.miners[index].socket >= 0 else { give(up: "a miner was disconnected") }
        let share = self.firstShare + self.sent.count
        self.line.removeAll(keepingCapacity: true)
        self.append("{\"id\":")
        self.line.append(contentsOf: String(share + 100).utf8)
        self.append(",\"method\":\"mining.submit\",\"params\":[\"account.rig-")
        self.line.append(contentsOf: String(index).utf8)
        self.append("\",\"")
        self.line.append(contentsOf: self.miners[index].job)
        self.append("\",\"")
        self.line.append(contentsOf: self.miners[index].extranonce2)
        self.append("\",\"")
        self.line.append(contentsOf: self.miners[index].time)
        self.append("\",\"")
        for shift in stride(from: 28, through: 0, by: -4) {
            let digit = UInt8(share >> shift & 15)
            self.line.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
        self.append("\",\"00000000\"]}\n")
        self.sent.append(monotonicNow())
        TCPSocket.send(self.line, on: self.miners[index].socket)
    }

    private func append(_ text: StaticString) {
        self.line.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

/// The generator of Steele, Lea and Flood (2014): every run draws the same miners at the same times.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    /// In (0, 1].
    mutating func nextUnit() -> Double { (Double(self.next() >> 11) + 1) / 9007199254740992 }
}

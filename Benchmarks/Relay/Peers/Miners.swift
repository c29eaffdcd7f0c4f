import Glibc

/// Some thousand miners that send shares and wait for jobs, on one thread.
final class Miners {
    private(set) var miners: [Miner] = []
    private let poller = Poller()
    private let reader = LineReader()
    private let arrivals: ArrivalTimes
    private var random = SplitMix64(state: 1)
    private var line: [UInt8] = []

    /// Of each share since ``forgetShares()``, when it was sent. A share's number is its nonce.
    private(set) var sent: [Int64] = []
    /// When each of them was answered; 0 if it was not.
    private var answered: [Int64] = []
    private var firstShare = 1
    private var replies = 0
    /// Shares whose miner has gone before they were answered.
    private var abandoned = 0
    /// When each share was sent that was refused.
    private(set) var refused: [Int64] = []
    /// How many were refused, by the text that they were refused with.
    private(set) var refusals: [String: Int] = [:]
    /// Connections that the other side has ended.
    private(set) var closed = 0
    /// Windows in which the rate that was asked for could not be held.
    private(set) var lateWindows = 0
    private var working = 0
    private var informed = 0
    private var awaitedJob: Int?
    private var lastInformed: Int64 = 0
    private var isEager = false

    init(arrivals: ArrivalTimes) { self.arrivals = arrivals }

    deinit { for miner in self.miners where miner.socket >= 0 { Glibc.close(miner.socket) } }

    // MARK: Joining and leaving

    /// Connects `count` more miners, at most `atOnce` of them on the way at a time, and returns when all have work. Gives the
    /// time from the first connection to the last job, in nanoseconds.
    @discardableResult
    func join(_ count: Int, port: UInt16, atOnce: Int = 256, receiveBuffer: Int32? = nil) -> Int64 {
        let begin = monotonicNow()
        let goal = self.miners.count + count
        self.awaitedJob = nil
        while self.working < goal {
            while self.miners.count < goal, self.miners.count - self.working < atOnce {
                let socket = TCPSocket.connect(port: port, receiveBuffer: receiveBuffer)
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

    /// The last `count` miners go, each with a share on the way.
    func leave(_ count: Int) {
        for _ in 0..<min(count, self.miners.count) {
            self.go(self.miners.count - 1)
            self.miners.removeLast()
        }
    }

    /// Miner `index` goes, with a share on the way, and connects again. It has work after a while of reading.
    func reconnect(_ index: Int, port: UInt16) {
        self.go(index)
        let socket = TCPSocket.connect(port: port)
        self.poller.add(socket, tag: index, writable: true)
        self.miners[index] = Miner(socket: socket)
    }

    private func go(_ index: Int) {
        if self.miners[index].isWorking { self.submit(index) }
        self.drop(index)
    }

    /// Those whose connection has ended.
    var disconnected: [Int] { self.miners.indices.filter { self.miners[$0].socket < 0 } }

    /// Sends some shares at once and waits for nothing.
    func send(shares: Int) {
        for _ in 0..<shares { if let miner = self.someMiner() { self.submit(miner) } }
    }

    private func drop(_ index: Int) {
        let miner = self.miners[index]
        guard miner.socket >= 0 else { return }
        if miner.isWorking { self.working -= 1 }
        self.abandoned += miner.pending
        self.reader.forget(miner.socket)
        Glibc.close(miner.socket)
        self.miners[index].socket = -1
        self.miners[index].isWorking = false
        self.miners[index].pending = 0
    }

    /// From now on nothing that is sent to them is read.
    func readNothing() {
        for miner in self.miners { self.poller.remove(miner.socket) }
    }

    // MARK: Measuring

    func forgetShares() {
        self.firstShare += self.sent.count
        self.sent.removeAll(keepingCapacity: true)
        self.answered.removeAll(keepingCapacity: true)
        self.replies = 0
        self.abandoned = 0
    }

    /// Sends shares of miners drawn at random, at random times `rate` a second in the mean, until `seconds` have passed.
    func mine(rate: Double, seconds: Double) {
        let end = monotonicNow() + Int64(seconds * 1e9)
        var due = monotonicNow()
        while true {
            let now = monotonicNow()
            guard now < end else { break }
            if now >= due {
                if let miner = self.someMiner() { self.submit(miner) }
                due += Int64(-log(self.random.nextUnit()) / rate * 1e9)
            } else {
                self.turn(until: min(due, end))
            }
        }
        if end - due > 100_000_000 { self.lateWindows += 1 }
        self.settle()
    }

    /// One that has work, drawn at random.
    private func someMiner() -> Int? {
        for _ in 0..<100 {
            let index = Int(self.random.next() % UInt64(self.miners.count))
            if self.miners[index].isWorking { return index }
        }
        return nil
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
        var missing: Int { self.sent.count - self.replies - self.abandoned }
        while missing > 0, monotonicNow() < limit { self.turn(until: limit) }
        if missing > 0 { give(up: "\(missing) shares have no answer") }
    }

    /// Runs `trigger`, which returns when it began, and waits until every miner has had `job`, or any if that is nil. Gives
    /// the time to the last one in nanoseconds.
    func untilAllInformed(of job: Int? = nil, _ trigger: () -> Int64) -> Int64 {
        self.awaitedJob = job
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
        self.sent.enumerated().map { index, time in
            let arrival = self.arrivals[self.firstShare + index]
            guard arrival >= time else { give(up: "a share did not come to the pool") }
            return arrival - time
        }
    }

    /// From each miner's send to its receive of the verdict, in nanoseconds.
    var delaysOfVerdict: [Int64] { zip(self.sent, self.answered).compactMap { $1 > 0 ? $1 - $0 : nil } }

    /// Ends the benchmark if a share was refused or a miner disconnected.
    func requireIntact() {
        if !self.refused.isEmpty { give(up: "\(self.refused.count) shares were refused: \(self.refusals)") }
        if self.closed > 0 { give(up: "\(self.closed) miners were disconnected") }
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
                    let share = id - 100 - self.firstShare
                    if self.answered.indices.contains(share) { self.answered[share] = monotonicNow() }
                    self.miners[index].pending -= 1
                    if !line.contains("\"result\":true") { self.note(refusalOf: id - 100, line) }
                    if self.isEager { self.submit(index) }
                } else {
                    if id == 2 { self.miners[index].take(subscription: line) }
                    self.goOn(index, after: id)
                }
            }
        }
        guard !isOpen else { return }
        self.closed += 1
        self.drop(index)
    }

    private func note(job line: UnsafeRawBufferPointer, of index: Int) {
        self.miners[index].take(job: line)
        if !self.miners[index].isWorking {
            self.miners[index].isWorking = true
            self.working += 1
        }
        if !self.miners[index].isInformed,
            self.awaitedJob == nil || Miner.number(ofJob: line) == self.awaitedJob
        {
            self.miners[index].isInformed = true
            self.informed += 1
            self.lastInformed = monotonicNow()
        }
    }

    private func note(refusalOf share: Int, _ line: UnsafeRawBufferPointer) {
        let reason = line.text(0, behind: "\"error\"").map { String(decoding: $0, as: UTF8.self) } ?? "no reason"
        self.refusals[reason, default: 0] += 1
        let index = share - self.firstShare
        self.refused.append(self.sent.indices.contains(index) ? self.sent[index] : 0)
    }

    private func submit(_ index: Int) {
        guard self.miners[index].socket >= 0 else { give(up: "a miner was disconnected") }
        let share = self.firstShare + self.sent.count
        self.miners[index].write(share: share, worker: index, to: &self.line)
        self.miners[index].pending += 1
        self.arrivals[share] = 0
        self.answered.append(0)
        self.sent.append(monotonicNow())
        TCPSocket.send(self.line, on: self.miners[index].socket)
    }
}

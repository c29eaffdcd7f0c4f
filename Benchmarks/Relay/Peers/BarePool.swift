import Glibc

/// A pool that does nothing but answer: it takes every share, notes when it came, and tells of new jobs when it is told to.
///
/// With miners connected directly, its `notify` is the bare send loop that a router's fan-out is compared with. Commands
/// come as lines on standard input; each is answered with a line.
final class BarePool {
    static let command = "pool"
    private static let listenerTag = 1 << 40
    private static let commandTag = 1 << 41

    private let poller = Poller()
    private let reader = LineReader()
    private let arrivals: ArrivalTimes
    private let port: UInt16
    /// -1 while the pool is down.
    private var listener: Int32
    private var members: Set<Int32> = []
    /// Those that have subscribed, in the order in which they are told of jobs.
    private var subscribers: [Int32] = []
    private var jobNumber: Int
    private var output: [UInt8] = []

    init(arrivals path: String, firstJob: Int) {
        self.arrivals = ArrivalTimes(path: path)
        self.jobNumber = firstJob
        // Reserved for as long as the pool runs: it may go down and come back.
        (_, self.port) = TCPSocket.reserve()
        self.listener = TCPSocket.listen(port: self.port)
        self.poller.add(self.listener, tag: Self.listenerTag)
        self.poller.add(STDIN_FILENO, tag: Self.commandTag)
        Self.say("port \(self.port)")
    }

    func run() -> Never {
        while true {
            self.poller.wait(nanoseconds: 1_000_000_000) { tag, _ in
                switch tag {
                case Self.listenerTag: self.acceptAll()
                case Self.commandTag: self.command()
                default: self.read(Int32(tag))
                }
            }
        }
    }

    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    private func acceptAll() {
        while case let socket = TCPSocket.accept(self.listener), socket >= 0 {
            self.members.insert(socket)
            self.poller.add(socket, tag: Int(socket))
        }
    }

    private func command() {
        guard let line = readLine() else { exit(0) }
        switch line {
        case "notify":
            self.jobNumber += 1
            let job = Self.job(self.jobNumber)
            // At once, so that miners read while there is still to be sent, as they do behind a router.
            Self.say("\(monotonicNow())")
            for socket in self.subscribers { TCPSocket.send(job, on: socket) }
        case "job":
            Self.say("\(self.jobNumber)")
        case "down":
            let begin = monotonicNow()
            self.goDown()
            Self.say("\(begin)")
        case "up":
            if self.listener < 0 {
                self.listener = TCPSocket.listen(port: self.port)
                self.poller.add(self.listener, tag: Self.listenerTag)
            }
            Self.say("\(monotonicNow())")
        default:
            give(up: "the pool does not know \(line)")
        }
    }

    /// Closes all connections with RST, and takes no more.
    private func goDown() {
        Glibc.close(self.listener)
        self.listener = -1
        for socket in self.members {
            self.reader.forget(socket)
            TCPSocket.reset(socket)
        }
        self.members = []
        self.subscribers = []
    }

    private func read(_ socket: Int32) {
        // Of the same round as the command that closed it.
        guard self.members.contains(socket) else { return }
        self.output.removeAll(keepingCapacity: true)
        var time: Int64 = 0
        let isOpen = self.reader.read(socket) { line in
            if line.contains("mining.submit") {
                if time == 0 { time = monotonicNow() }
                if let share = line.text(4, behind: "\"params\"")?.hexadecimal { self.arrivals[share] = time }
                self.answer(line, "true")
            } else {
                self.greet(line, socket)
            }
        }
        if !self.output.isEmpty { TCPSocket.send(self.output, on: socket) }
        guard !isOpen else { return }
        self.members.remove(socket)
        if let index = self.subscribers.firstIndex(of: socket) { self.subscribers.remove(at: index) }
        self.reader.forget(socket)
        Glibc.close(socket)
    }

    private func answer(_ line: UnsafeRawBufferPointer, _ result: StaticString) {
        self.append("{\"id\":")
        self.output.append(contentsOf: String(line.number(behind: "\"id\":") ?? 0).utf8)
        self.append(",\"result\":")
        self.append(result)
        self.append(",\"error\":null}\n")
    }

    private func append(_ text: StaticString) {
        self.output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private func greet(_ line: UnsafeRawBufferPointer, _ socket: Int32) {
        if line.contains("mining.configure") {
            self.answer(line, #"{"version-rolling":true,"version-rolling.mask":"1fffe000"}"#)
        } else if line.contains("mining.subscribe") {
            self.answer(line, #"[[["mining.set_difficulty","1"],["mining.notify","1"]],"a1b2c3d4",8]"#)
        } else if line.contains("mining.authorize") {
            self.answer(line, "true")
            // Every hash is good enough.
            self.append("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[2.32827091e-10]}\n")
            self.output.append(contentsOf: Self.job(self.jobNumber))
            self.subscribers.append(socket)
        } else {
            self.answer(line, "true")
        }
    }

    /// A job of the size that busy pools send: a coinbase with a witness commitment, twelve branches. Its previous block
    /// begins with its number.
    private static func job(_ number: Int) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        func word(_ value: Int) -> String {
            String(decoding: (0..<8).map { digits[value >> (28 - 4 * $0) & 15] }, as: UTF8.self)
        }
        let previous = word(number) + String(repeating: "5a", count: 24) + "00000000"
        let branches = (1...12).map { "\"" + String(repeating: word(number &* 7919 &+ $0), count: 8) + "\"" }
        let coinbase1 =
            "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff3b"
            + "0300a00d" + "04" + word(number) + "04deadbeef" + String(repeating: "2f", count: 8)
        let coinbase2 =
            "0a636b706f6f6c112f736f6c6f2e636b706f6f6c2e6f72672fffffffff03f7a2b31200000000160014"
            + String(repeating: "1c", count: 20) + "1b5e6100000000001600145106a5d1"
            + String(repeating: "2d", count: 16) + "0000000000000000266a24aa21a9ed"
            + String(repeating: "3e", count: 32) + "00000000"
        return Array(
            """
            {"id":null,"method":"mining.notify","params":["\(word(number))","\(previous)","\(coinbase1)",\
            "\(coinbase2)",[\(branches.joined(separator: ","))],"20000000","17034219","\(word(0x6500_0000 + number % 1_000_000))",\
            true]}\n
            """.utf8
        )
    }
}

import Foundation
import Glibc

/// A process that takes part in a measurement. It ends with this value, and however this process ends.
final class Peer {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var received: [UInt8] = []

    /// Starts it, on one processor core if `core` says which.
    init(_ arguments: [String], core: Int?, environment: [String: String] = [:], log: URL) {
        self.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        self.process.arguments =
            ["setpriv", "--pdeathsig", "KILL"] + (core.map { ["taskset", "-c", "\($0)"] } ?? []) + arguments
        if !environment.isEmpty {
            self.process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        }
        self.process.standardInput = self.input
        self.process.standardOutput = self.output
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        self.process.standardError = FileHandle(forWritingAtPath: log.path)
        do { try self.process.run() } catch { give(up: "cannot run \(arguments): \(error)") }
    }

    deinit { self.stop() }

    func stop() {
        guard self.process.isRunning else { return }
        self.process.terminate()
        self.process.waitUntilExit()
    }

    /// `env`, `setpriv` and `taskset` replace themselves by the program, so this is its number.
    var number: Int32 { self.process.processIdentifier }

    var usage: ProcessUsage {
        guard self.process.isRunning else { give(up: "a process has ended that was to be measured") }
        return ProcessUsage(of: self.number)
    }

    /// Says a line, and returns the line it answers with.
    func ask(_ line: String) -> String {
        self.input.fileHandleForWriting.write(Data("\(line)\n".utf8))
        return self.nextLine()
    }

    func nextLine() -> String {
        while true {
            if let end = self.received.firstIndex(of: 0x0A) {
                let line = String(decoding: self.received[..<end], as: UTF8.self)
                self.received.removeSubrange(...end)
                return line
            }
            let bytes = self.output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { give(up: "a process has ended that was to answer") }
            self.received.append(contentsOf: bytes)
        }
    }
}

/// Who takes part on this machine, and where they run.
struct Stage {
    /// For configurations, logs and ledgers.
    let folder: URL
    let router: String
    /// The core of what is measured, and that of pool and miners; nil on a machine with one.
    let measuredCore: Int?
    let otherCore: Int?

    var arrivals: String { self.folder.appendingPathComponent("arrivals").path }

    /// A bare pool, and the port it listens on.
    func pool(measured: Bool = false) -> (peer: Peer, port: UInt16) {
        let peer = Peer(
            [CommandLine.arguments[0], "pool", self.arrivals],
            core: measured ? self.measuredCore : self.otherCore,
            log: self.log("pool")
        )
        let words = peer.nextLine().split(separator: " ")
        guard words.count == 2, let port = UInt16(words[1]) else { give(up: "the pool said \(words)") }
        return (peer, port)
    }

    /// HAProxy, which passes bytes on between miners and the pool, and nothing else.
    func haproxy(to pool: UInt16) -> (peer: Peer, port: UInt16) {
        let port = TCPSocket.freePort()
        let file = self.write(
            """
            global
                nbthread 1
                maxconn 9900
            defaults
                mode tcp
                timeout connect 5s
                timeout client 1h
                timeout server 1h
            listen relay
                bind 127.0.0.1:\(port) backlog 8192
                server pool 127.0.0.1:\(pool)

            """,
            to: "haproxy.cfg"
        )
        let peer = Peer(["haproxy", "-db", "-f", file], core: self.measuredCore, log: self.log("haproxy"))
        self.await(port)
        return (peer, port)
    }

    /// The router, with validation and ledger, on one event loop.
    func router(to pools: [UInt16], environment: [String: String] = [:]) -> (peer: Peer, port: UInt16) {
        let port = TCPSocket.freePort()
        for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "ledger.sqlite.journal"] {
            try? FileManager.default.removeItem(at: self.folder.appendingPathComponent(name))
        }
        let lines = pools.enumerated().map { index, pool in
            "      - { name: pool-\(index), url: \"stratum+tcp://127.0.0.1:\(pool)\", user: bench, priority: \(index + 1) }"
        }
        let file = self.write(
            """
            threads: 1
            routes:
              - name: bench
                listen: [{ address: "127.0.0.1:\(port)" }]
                limits: { lines_per_second: 1000000, connections_per_address: 20000, connections: 19500 }
                pools:
            \(lines.joined(separator: "\n"))
            ledger: { path: ledger.sqlite }
            control: { socket: control.sock }

            """,
            to: "router.yaml"
        )
        let peer = Peer(
            [self.router, "run", "--config", file, "--quiet"],
            core: self.measuredCore,
            environment: environment,
            log: self.log("router")
        )
        self.await(port)
        return (peer, port)
    }

    private func log(_ name: String) -> URL { self.folder.appendingPathComponent("\(name).log") }

    private func write(_ text: String, to name: String) -> String {
        let file = self.folder.appendingPathComponent(name)
        do { try text.write(to: file, atomically: true, encoding: .utf8) } catch { give(up: "\(error)") }
        return file.path
    }

    /// Waits until somebody listens there, ten seconds at most.
    private func await(_ port: UInt16) {
        for _ in 0..<1000 {
            if TCPSocket.answers(port: port) { return }
            usleep(10_000)
        }
        give(up: "nobody listens on port \(port): see \(self.folder.path)")
    }
}

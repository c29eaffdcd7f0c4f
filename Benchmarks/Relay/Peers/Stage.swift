import Foundation

/// Who takes part on this machine, and where they run.
final class Stage {
    /// For configurations, logs and ledgers.
    let folder: URL
    let router: String
    /// The core of what is measured, and that of pool and miners; nil on a machine with one.
    let measuredCore: Int?
    let otherCore: Int?

    private var peers: [Peer] = []
    private var pools = 0

    init(folder: URL, router: String, measuredCore: Int?, otherCore: Int?) {
        self.folder = folder
        self.router = router
        self.measuredCore = measuredCore
        self.otherCore = otherCore
    }

    /// Ends all that were started, the last one first.
    func clear() {
        while let peer = self.peers.popLast() { peer.stop() }
    }

    private func start(
        _ arguments: [String], core: Int?, environment: [String: String] = [:], log name: String
    ) -> Peer {
        let log = self.folder.appendingPathComponent("\(name).log")
        let peer = Peer(arguments, core: core, environment: environment, log: log)
        self.peers.append(peer)
        return peer
    }

    var arrivals: String { self.folder.appendingPathComponent("arrivals").path }

    /// A bare pool, and the port it listens on. The numbers of its jobs are its own.
    func pool(measured: Bool = false) -> (peer: Peer, port: UInt16) {
        self.pools += 1
        let peer = self.start(
            [Launch.ourselves, BarePool.command, self.arrivals, "\(self.pools % 4000 * 1_000_000)"],
            core: measured ? self.measuredCore : self.otherCore,
            log: "pool-\(self.pools)"
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
        let peer = self.start(["haproxy", "-db", "-f", file], core: self.measuredCore, log: "haproxy")
        self.await(port, of: peer)
        return (peer, port)
    }

    /// The router, with validation and ledger, on one event loop and one core; or, if `loops` says so, on as many loops, which
    /// may use all cores.
    func router(
        to pools: [UInt16], loops: Int? = nil, environment: [String: String] = [:]
    ) -> (peer: Peer, port: UInt16) {
        let port = TCPSocket.freePort()
        for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "ledger.sqlite.journal"] {
            try? FileManager.default.removeItem(at: self.folder.appendingPathComponent(name))
        }
        let lines = pools.enumerated().map { index, pool in
            "      - { name: pool-\(index), url: \"stratum+tcp://127.0.0.1:\(pool)\", user: bench, priority: \(index + 1) }"
        }
        let file = self.write(
            """
            threads: \(loops ?? 1)
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
        let peer = self.start(
            [self.router, "run", "--config", file, "--quiet"],
            core: loops == nil ? self.measuredCore : -1,
            environment: environment,
            log: "router"
        )
        self.await(port, of: peer)
        return (peer, port)
    }

    private func write(_ text: String, to name: String) -> String {
        let file = self.folder.appendingPathComponent(name)
        do { try text.write(to: file, atomically: true, encoding: .utf8) } catch { give(up: "\(error)") }
        return file.path
    }

    /// Waits until the process listens there, ten seconds at most.
    private func await(_ port: UInt16, of peer: Peer) {
        for _ in 0..<1000 where peer.isRunning {
            if TCPSocket.answers(port: port) { return }
            usleep(10_000)
        }
        give(up: "nobody listens on port \(port): see the logs in \(self.folder.path)")
    }
}

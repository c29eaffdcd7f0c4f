import Glibc
import ServiceLifecycle

/// Tells systemd how the service is doing (the protocol of `sd_notify(3)`). Without `NOTIFY_SOCKET` it does nothing;
/// a message that cannot be delivered is dropped.
package struct ServiceNotifier: Sendable {
    private let address: String?
    /// How often ``watchdog()`` is to be called: half of what systemd allows. Nil without a watchdog.
    package let watchdogInterval: Duration?

    /// - Parameters:
    ///   - environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` count.
    ///   - processID: the watchdog may be meant for another process.
    package init(environment: [String: String], processID: Int32) {
        self.address = environment["NOTIFY_SOCKET"]
        let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(processID)" } ?? true
        self.watchdogInterval =
            environment["WATCHDOG_USEC"].flatMap(Int64.init).flatMap { microseconds in
                isForUs && microseconds >= 2 ? .microseconds(microseconds / 2) : nil
            }
    }

    /// The service is up.
    package func ready() {
        self.send("READY=1")
    }

    /// The configuration is being read again; ``ready()`` ends that.
    package func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        self.send("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)")
    }

    package func stopping() {
        self.send("STOPPING=1")
    }

    /// What `systemctl status` shows: one line, cut at its first line break.
    package func status(_ text: String) {
        self.send("STATUS=\(text.prefix { !$0.isNewline })")
    }

    /// The service is alive.
    package func watchdog() {
        self.send("WATCHDOG=1")
    }

    private func send(_ message: String) {
        guard let address = self.address.flatMap(Self.socketAddress) else { return }
        let type = CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(message.utf8)
        _ = address.withSocketAddress { pointer, length in
            sendto(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL), pointer, length)
        }
    }

    private static func socketAddress(_ text: String) -> UnixAddress? {
        switch text.first {
        case "/": UnixAddress(path: text)
        case "@": UnixAddress(abstractName: String(text.dropFirst()))
        default: nil
        }
    }
}

/// Tells systemd's watchdog that the service lives, for as long as a check says so.
package struct WatchdogService: Service {
    private let notifier: ServiceNotifier
    private let isAlive: @Sendable () async -> Bool

    /// - Parameter isAlive: should take the way that real work takes, such as a round trip over each event loop.
    package init(notifier: ServiceNotifier, isAlive: @escaping @Sendable () async -> Bool) {
        self.notifier = notifier
        self.isAlive = isAlive
    }

    package func run() async throws {
        guard let interval = self.notifier.watchdogInterval else {
            // A service that returns early would end its group.
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if await self.isAlive() { self.notifier.watchdog() }
                // Ends early only when cancelled, which the loop sees.
                try? await Task.sleep(for: interval)
            }
        }
    }
}

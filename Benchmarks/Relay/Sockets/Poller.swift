import CRelay
import Glibc

/// A number of sockets that are waited for: epoll, level-triggered.
///
/// The benchmark speaks to the kernel directly: what it costs itself would otherwise be part of what it measures.
final class Poller {
    private let descriptor = relay_poller_create()
    private var events = [relay_event](repeating: relay_event(), count: 1024)

    deinit { close(self.descriptor) }

    /// Waits for `socket` under a number of the caller's.
    func add(_ socket: Int32, tag: Int, writable: Bool = false) {
        relay_poller_change(self.descriptor, relay_add, socket, UInt64(tag), writable ? 1 : 0)
    }

    /// Changes whether the socket is waited for until it can be written to.
    func change(_ socket: Int32, tag: Int, writable: Bool) {
        relay_poller_change(self.descriptor, relay_modify, socket, UInt64(tag), writable ? 1 : 0)
    }

    func remove(_ socket: Int32) {
        relay_poller_change(self.descriptor, relay_remove, socket, 0, 0)
    }

    /// Calls `body` with the tag of each socket that is ready, and whether it can be written to. Waits at most
    /// `nanoseconds`.
    func wait(nanoseconds: Int64, _ body: (_ tag: Int, _ isWritable: Bool) -> Void) {
        let count = relay_poller_wait(self.descriptor, &self.events, Int32(self.events.count), max(0, nanoseconds))
        guard count > 0 else { return }
        for index in 0..<Int(count) {
            let event = self.events[index]
            body(Int(event.tag), event.is_writable != 0)
        }
    }
}

/// The clock that all processes of the benchmark share, in nanoseconds.
func monotonicNow() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

import Foundation
import NIOCore
import NIOPosix
import ServiceLifecycle
import Testing

@testable import ControlAPI

@Suite struct ServiceNotifierTests {
    @Test func eachMessageIsOneDatagram() async throws {
        try await withTemporaryFolder { folder in
            let receiver = try DatagramReceiver(path: folder + "/n")
            let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": folder + "/n"], processID: 1)
            notifier.ready()
            #expect(receiver.receive() == "READY=1")
            notifier.stopping()
            #expect(receiver.receive() == "STOPPING=1")
            notifier.watchdog()
            #expect(receiver.receive() == "WATCHDOG=1")
            notifier.status("2 pools up, 12 miners")
            #expect(receiver.receive() == "STATUS=2 pools up, 12 miners")
            notifier.status("one\nREADY=1")
            #expect(receiver.receive() == "STATUS=one")
            notifier.reloading()
            let reloading = receiver.receive()?.split(separator: "\n") ?? []
            #expect(reloading.first == "RELOADING=1")
            #expect(reloading.last?.hasPrefix("MONOTONIC_USEC=") == true)
            #expect((reloading.last?.dropFirst("MONOTONIC_USEC=".count)).flatMap { Int64($0) } != nil)
            #expect(receiver.receive() == nil)
            receiver.close()
        }
    }

    @Test func abstractSocketIsReached() throws {
        let name = "router-test-\(UUID())"
        let receiver = try DatagramReceiver(abstractName: name)
        // Anything behind the name would be part of it, and of another socket than systemd's.
        #expect(receiver.addressLength == 2 + 1 + name.utf8.count)
        ServiceNotifier(environment: ["NOTIFY_SOCKET": "@\(name)"], processID: 1).ready()
        #expect(receiver.receive() == "READY=1")
        receiver.close()
    }

    @Test(arguments: [
        [:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "@"], ["NOTIFY_SOCKET": "relative"],
        ["NOTIFY_SOCKET": "/nothing/here"],
        ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 500)], ["NOTIFY_SOCKET": "vsock:2:1234"],
    ])
    func withoutReceiverNothingHappens(environment: [String: String]) {
        let notifier = ServiceNotifier(environment: environment, processID: 1)
        notifier.ready()
        notifier.status("nobody hears this")
        #expect(notifier.watchdogInterval == nil)
    }

    @Test func fullReceiverDoesNotBlock() async throws {
        try await withTemporaryFolder { folder in
            let receiver = try DatagramReceiver(path: folder + "/n")
            let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": folder + "/n"], processID: 1)
            for _ in 0..<2000 { notifier.watchdog() }
            #expect(receiver.receive() == "WATCHDOG=1")
            receiver.close()
        }
    }

    @Test(
        arguments: [
            (["WATCHDOG_USEC": "30000000"], Duration.seconds(15)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"], .seconds(15)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"], nil),
            (["WATCHDOG_PID": "7"], nil),
            (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "-5"], nil),
            (["WATCHDOG_USEC": "soon"], nil),
            (["WATCHDOG_USEC": "99999999999999999999999"], nil),
        ] as [([String: String], Duration?)])
    func intervalIsHalfOfWhatSystemdAllows(environment: [String: String], interval: Duration?) {
        #expect(ServiceNotifier(environment: environment, processID: 7).watchdogInterval == interval)
    }

    /// Says yes a few times, then no, and tells when it was asked.
    private actor Check {
        private var asked = 0
        nonisolated let questions: AsyncStream<Int>
        private let continuation: AsyncStream<Int>.Continuation

        init() {
            (self.questions, self.continuation) = AsyncStream.makeStream()
        }

        func ask() -> Bool {
            self.asked += 1
            self.continuation.yield(self.asked)
            return self.asked <= 3
        }
    }

    @Test func watchdogHearsNothingFromARouterThatIsStuck() async throws {
        try await withTemporaryFolder { folder in
            let receiver = try DatagramReceiver(path: folder + "/n")
            let notifier = ServiceNotifier(
                environment: ["NOTIFY_SOCKET": folder + "/n", "WATCHDOG_USEC": "2000"],
                processID: 1
            )
            let check = Check()
            let service = WatchdogService(notifier: notifier) { await check.ask() }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await service.run() }
                for await question in check.questions where question == 6 { break }
                group.cancelAll()
            }
            for _ in 0..<3 { #expect(receiver.receive() == "WATCHDOG=1") }
            #expect(receiver.receive() == nil)
            receiver.close()
        }
    }
}

import CRelay
import Foundation
import Glibc

/// A process that takes part in a measurement. It ends with this value.
final class Peer {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var received: [UInt8] = []

    /// Starts it, on one processor core if `core` says which.
    init(_ arguments: [String], core: Int?, environment: [String: String] = [:], log: URL) {
        self.process.executableURL = URL(fileURLWithPath: Launch.ourselves)
        self.process.arguments = Launch.arguments(arguments, core: core)
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
        guard self.isRunning else { return }
        kill(self.number, SIGKILL)
        self.process.waitUntilExit()
    }

    /// What was started becomes the program, so this is its number.
    var number: Int32 { self.process.processIdentifier }

    var isRunning: Bool { self.process.isRunning }

    /// Lets each of its event loops have so many thousandths of a core and no more. Gives how many there are; nil if this
    /// user may not.
    func hold(loopsTo thousandths: Int32) -> Int? {
        let folder = "/proc/\(self.number)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let loops = threads.compactMap { Int32($0) }.filter { thread in
            let name = try? String(contentsOfFile: "\(folder)/\(thread)/comm", encoding: .utf8)
            return name?.hasPrefix("NIO-ELT") == true
        }
        return loops.allSatisfy { relay_hold($0, thousandths) == 0 } ? loops.count : nil
    }

    /// How many files and sockets it has open.
    var descriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(self.number)/fd").count) ?? 0
    }

    var usage: ProcessUsage {
        guard self.isRunning else { give(up: "a process has ended that was to be measured") }
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

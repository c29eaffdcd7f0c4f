import Foundation

/// What the kernel says a process has used.
struct ProcessUsage {
    /// Processor time of all its threads, in nanoseconds, that of the kernel on its behalf included.
    var processorTime: Int64
    /// Resident memory in bytes.
    var residentBytes: Int

    init(of process: Int32) {
        self.processorTime = Self.processorTime(of: process)
        self.residentBytes = Self.residentBytes(of: process)
    }

    /// The scheduler's own count, which is exact to the nanosecond; threads that have ended are not in it, and neither of
    /// the programs measured ends threads while it is measured.
    private static func processorTime(of process: Int32) -> Int64 {
        let folder = "/proc/\(process)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return threads.reduce(0) { sum, thread in
            let text = (try? String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8)) ?? ""
            return sum + (text.split(separator: " ").first.flatMap { Int64($0) } ?? 0)
        }
    }

    private static func residentBytes(of process: Int32) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0) * 1024
    }
}

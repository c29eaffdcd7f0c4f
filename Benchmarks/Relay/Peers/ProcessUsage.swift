import Foundation

/// What the kernel says a process has used.
struct ProcessUsage {
    /// Processor time of all its threads, in nanoseconds, that of the kernel on its behalf included.
    var processorTime: Int64
    /// How long its threads could have run, and had to wait for a core, in nanoseconds.
    var waitingTime: Int64
    /// Resident memory in bytes.
    var residentBytes: Int

    init(of process: Int32) {
        (self.processorTime, self.waitingTime) = Self.times(of: process)
        self.residentBytes = Self.residentBytes(of: process)
    }

    /// The scheduler's own count, which is exact to the nanosecond; threads that have ended are not in it, and neither of
    /// the programs measured ends threads while it is measured.
    private static func times(of process: Int32) -> (running: Int64, waiting: Int64) {
        let folder = "/proc/\(process)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return threads.reduce((0, 0)) { sum, thread in
            let text = (try? String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8)) ?? ""
            let numbers = text.split(separator: " ").compactMap { Int64($0) }
            return numbers.count < 2 ? sum : (sum.0 + numbers[0], sum.1 + numbers[1])
        }
    }

    private static func residentBytes(of process: Int32) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0) * 1024
    }
}

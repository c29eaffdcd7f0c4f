import Foundation

/// The allocations of a process that was started with the counter loaded.
struct AllocationCounts {
    private let file: String

    init(file: String) { self.file = file }

    /// What has to stand in the environment of the process.
    static func environment(file: String) -> [String: String]? {
        let library = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("libAllocationCounter.so").path
        guard FileManager.default.fileExists(atPath: library) else { return nil }
        return ["LD_PRELOAD": library, "ALLOCATION_COUNTS": file]
    }

    /// How many there were so far: by the event loop, and by all other threads.
    func read(of process: Int32) -> (loop: Int, others: Int) {
        let bytes = FileManager.default.contents(atPath: self.file) ?? Data()
        var result = (loop: 0, others: 0)
        let words = bytes.withUnsafeBytes { Array($0.bindMemory(to: Int.self)) }
        for index in stride(from: 0, to: words.count - 2, by: 3) where words[index] != 0 {
            let path = "/proc/\(process)/task/\(words[index])/comm"
            let name = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            if name.hasPrefix("NIO-ELT") { result.loop += words[index + 1] } else { result.others += words[index + 1] }
        }
        return result
    }
}

import Foundation

/// What the figures were measured on.
enum Machine {
    static func description(router: String, runs: Int) -> [String] {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
        let kernel = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? ""
        let date = Date().formatted(.iso8601.year().month().day())
        return [
            "\(date), \(runs) run\(runs == 1 ? "" : "s")",
            "\(self.trimmed(model ?? "unknown processor")), \(ProcessInfo.processInfo.activeProcessorCount) cores, "
                + "Linux \(self.trimmed(kernel[...]))",
            "router \(self.firstLine([router, "--version"])), \(self.firstLine(["haproxy", "-v"])), "
                + self.firstLine(["swift", "--version"]),
        ]
    }

    private static func trimmed(_ text: Substring) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }

    private static func firstLine(_ command: [String]) -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return "\(command[0]): unknown" }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n").first.map { self.trimmed($0) } ?? "\(command[0]): unknown"
    }
}

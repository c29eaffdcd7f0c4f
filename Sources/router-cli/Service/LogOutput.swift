import Configuration
import Foundation
import Logging

/// Log lines on stderr, one a line whatever a miner calls itself: as text, or as one JSON object each.
struct LogOutput: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let format: LogSettings.Format
    private let label: String

    init(label: String, level: Logger.Level, format: LogSettings.Format) {
        self.label = label
        self.logLevel = level
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = self.metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let time = Date().formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
        var line: String
        switch self.format {
        case .text:
            line = "\(time) \(event.level.rawValue.uppercased()) \(Table.harmless("\(event.message)"))"
            for (key, value) in metadata { line += " \(key)=\(Self.quoted("\(value)"))" }
        case .json:
            var object = ["time": time, "level": event.level.rawValue, "message": "\(event.message)"]
            for (key, value) in metadata where object[key] == nil { object[key] = "\(value)" }
            let data = try? JSONSerialization.data(
                withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
            line = data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        }
        printToStandardError(line)
    }

    private static func quoted(_ text: String) -> String {
        let text = Table.harmless(text)
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3d }
        return isPlain ? text : "\"" + text.replacingOccurrences(of: "\"", with: "\\\"") + "\""
    }
}

import Foundation
import Stratum

/// A conversation recorded between a real pool and a real miner.
struct RecordedConversation {
    enum Speaker: Sendable {
        case miner
        case pool
    }

    /// The lines of one connection, in order.
    var lines: [(speaker: Speaker, text: String)]

    /// The connections of a file of this target's transcripts. Remarks of the recorder and lines that it shortened are
    /// left out.
    static func connections(in file: String) throws -> [RecordedConversation] {
        guard let root = Bundle.module.resourceURL else { throw CocoaError(.fileNoSuchFile) }
        let url = root.appendingPathComponent("Transcripts").appendingPathComponent(file)
        var result = [RecordedConversation(lines: [])]
        for recorded in try String(contentsOf: url, encoding: .utf8).split(separator: "\n") {
            if recorded.hasPrefix("#") || recorded.hasSuffix("** connected") {
                result.append(RecordedConversation(lines: []))
            } else if !recorded.hasSuffix(" bytes)") {
                for (mark, speaker) in [(" >> ", Speaker.miner), (" << ", Speaker.pool)] {
                    guard let range = recorded.range(of: mark) else { continue }
                    result[result.count - 1].lines.append((speaker, String(recorded[range.upperBound...])))
                    break
                }
            }
        }
        return result.filter { !$0.lines.isEmpty }
    }
}

import Foundation

/// Writes results to stdout, in large pieces.
struct StandardOutput: ~Copyable {
    private static let pieceSize = 64 * 1_024

    private var buffer: [UInt8] = []

    /// Adds `text` as it is.
    mutating func write(_ text: String) throws {
        self.buffer.append(contentsOf: text.utf8)
        if self.buffer.count >= Self.pieceSize { try self.flush() }
    }

    /// Hands over what is buffered; throws when the reader has gone.
    mutating func flush() throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: self.buffer)
        } catch let error as CocoaError where error.code == .fileWriteOutOfSpace {
            printToStandardError("the result cannot be written: there is no space left")
            throw ExitStatus.output
        }
        self.buffer.removeAll(keepingCapacity: true)
    }
}

/// Tells the user something that is no result.
func printToStandardError(_ message: String) {
    try? FileHandle.standardError.write(contentsOf: Data("\(message)\n".utf8))
}

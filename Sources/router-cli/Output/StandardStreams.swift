import ArgumentParser
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
        } catch {
            throw Self.status(of: error)
        }
        self.buffer.removeAll(keepingCapacity: true)
    }
}

extension StandardOutput {
    /// How a command ends that cannot write its result: without a word if nobody reads it any more.
    static func status(of error: any Error) -> ExitCode {
        let reason = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
        let code = reason.domain == NSPOSIXErrorDomain ? Int32(truncatingIfNeeded: reason.code) : 0
        if code == EPIPE { return ExitStatus.brokenPipe }
        let isFull = code == ENOSPC || (error as? CocoaError)?.code == .fileWriteOutOfSpace
        let text = isFull ? "there is no space left" : code == 0 ? "\(error)" : String(cString: strerror(code))
        printToStandardError("the result cannot be written: \(text)")
        return ExitStatus.output
    }
}

/// Tells the user something that is no result.
func printToStandardError(_ message: String) {
    try? FileHandle.standardError.write(contentsOf: Data("\(message)\n".utf8))
}

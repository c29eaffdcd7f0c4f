import Foundation
import Synchronization

/// Keeps a second router off the same ledger, for as long as this exists.
final class LedgerLock: Sendable {
    /// nil: let go of.
    private let descriptor: Mutex<Int32?>

    /// Locks `<path>.lock`, which then holds the process id.
    init(ledger path: String) throws(LedgerError) {
        let file = path + ".lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw .unwritable(path: path, reason: "\(file): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            defer { close(descriptor) }
            guard code == EWOULDBLOCK else {
                throw .unwritable(path: path, reason: "\(file): \(String(cString: strerror(code)))")
            }
            throw .locked(path: path, pid: Self.pid(in: descriptor))
        }
        self.descriptor = Mutex(descriptor)
        let text = Array("\(getpid())\n".utf8)
        // The process id is a courtesy; the lock holds without it.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
    }

    deinit {
        self.release()
    }

    /// Lets others have it.
    func release() {
        self.descriptor.withLock { descriptor in
            if let descriptor { close(descriptor) }
            descriptor = nil
        }
    }

    private static func pid(in descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(
            String(decoding: bytes.prefix(count), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }
}

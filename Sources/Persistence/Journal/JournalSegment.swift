import Foundation
import Synchronization

/// A stretch of journal: a file mapped into memory, or memory alone when no file could be had.
///
/// One lane appends to it; the writer reads what is published. What was written to a mapped file belongs to the kernel
/// and outlives the process.
// Unchecked: bytes before `end` never change again and bytes after it belong to the lane alone, which makes sharing `base`
// sound.
final class JournalSegment: @unchecked Sendable {
    /// Identifies the file and opens the segment; a release that changes the format of records changes it.
    static let magic: UInt64 = 0x3230_4C4E_524A_5252
    /// What format 1 has in its place. Its records are a part of today's, so what it left behind is taken in.
    static let formerMagic: UInt64 = 0x3130_4C4E_524A_5252
    /// Magic and sequence; the first record follows.
    static let headerSize = 16
    /// Bytes whose pages are made ready at once, so that only what is written soon takes memory.
    static let stretch = 1 << 17

    /// Unique in the ledger's journal, ascending.
    let sequence: Int64
    /// nil: it is in memory only.
    let path: String?
    let base: UnsafeMutableRawPointer
    let size: Int
    /// The first byte that is not part of a whole record.
    private let end: Atomic<Int>

    private init(sequence: Int64, path: String?, base: UnsafeMutableRawPointer, size: Int) {
        self.sequence = sequence
        self.path = path
        self.base = base
        self.size = size
        self.end = Atomic(Self.headerSize)
    }

    deinit {
        if self.path == nil { self.base.deallocate() } else { munmap(self.base, self.size) }
    }

    /// Where the next record goes; everything before is whole and may be read.
    var publishedEnd: Int { self.end.load(ordering: .acquiring) }

    /// Makes everything before `position` readable.
    func publish(upTo position: Int) { self.end.store(position, ordering: .releasing) }

    /// A segment that is lost with the process.
    static func inMemory(sequence: Int64, size: Int) -> JournalSegment {
        let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        return JournalSegment(sequence: sequence, path: nil, base: base, size: size)
    }

    /// A new file in `folder`, its blocks allocated, so that a full disk is an error here and never a fault later.
    static func file(in folder: String, sequence: Int64, size: Int) throws(JournalFileError) -> JournalSegment {
        let path = "\(folder)/\(sequence).segment"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw JournalFileError(path: path, code: errno) }
        defer { close(descriptor) }
        let failure = posix_fallocate(descriptor, 0, off_t(size))
        guard failure == 0 else {
            unlink(path)
            throw JournalFileError(path: path, code: failure)
        }
        guard let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            let code = errno
            unlink(path)
            throw JournalFileError(path: path, code: code)
        }
        // Touches the first pages, so that the lane finds them in place; the rest when it gets there.
        memset(base, 0, min(Self.stretch, size))
        base.storeBytes(of: sequence, toByteOffset: 8, as: Int64.self)
        base.storeBytes(of: Self.magic, as: UInt64.self)
        return JournalSegment(sequence: sequence, path: path, base: base, size: size)
    }

    /// Has the kernel make the pages of the stretch from `start` on ready; what is written there stays.
    ///
    /// A kernel that cannot (before Linux 5.14) does it page by page when the lane gets there.
    func prepare(from start: Int) {
        #if os(Linux)
            let populateForWriting: CInt = 23  // MADV_POPULATE_WRITE
            guard self.path != nil, start < self.size else { return }
            madvise(self.base + start, min(Self.stretch, self.size - start), populateForWriting)
        #endif
    }

    /// Removes the file; the memory stays until the last reference goes.
    func unlinkFile() {
        if let path { unlink(path) }
    }
}

/// A file of the journal could not be made or read.
struct JournalFileError: Error, CustomStringConvertible {
    let path: String
    /// `errno`.
    let code: Int32

    var description: String { "\(self.path): \(String(cString: strerror(self.code)))" }
}

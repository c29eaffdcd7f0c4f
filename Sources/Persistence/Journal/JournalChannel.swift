import Synchronization

/// The part of a lane that the writer sees.
final class JournalChannel: Sendable {
    /// Oldest first; the lane appends to the last.
    private let segments = Mutex<[JournalSegment]>([])
    private let overflow = Mutex(LaneOverflow())

    /// The lane goes on in `segment`.
    func append(_ segment: JournalSegment) {
        self.segments.withLock { $0.append(segment) }
    }

    /// How far each segment is written at this moment, oldest first.
    func cut() -> [JournalCut] {
        self.segments.withLock { segments in
            segments.map { JournalCut(segment: $0, end: $0.publishedEnd) }
        }
    }

    /// Takes out the segments that the lane has left and of which everything is committed.
    func removeFinished(_ isFinished: (JournalSegment) -> Bool) -> [JournalSegment] {
        self.segments.withLock { segments in
            let count = segments.dropLast().prefix(while: isFinished).count
            defer { segments.removeFirst(count) }
            return Array(segments.prefix(count))
        }
    }

    /// Removes the files of all segments; for a lane that is at its end and wholly committed.
    func unlinkAll() {
        self.segments.withLock { segments in
            for segment in segments { segment.unlinkFile() }
        }
    }

    /// Works on what the journal had no room for; brief, because an event loop may wait.
    func withOverflow<Result: Sendable>(_ body: (inout LaneOverflow) -> Result) -> Result {
        self.overflow.withLock { body(&$0) }
    }
}

/// A segment and how much of it is to be read.
struct JournalCut: Sendable {
    var segment: JournalSegment
    var end: Int
}

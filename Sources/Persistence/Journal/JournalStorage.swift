import Dispatch
import Synchronization

/// Hands out segments to lanes and keeps some in reserve, so that an event loop never waits for a file to be made.
final class JournalStorage: Sendable {
    /// Makes the file of a segment; replaced by tests.
    typealias MakeFile = @Sendable (_ folder: String, _ sequence: Int64, _ size: Int) throws -> JournalSegment

    private struct State {
        var spares: [JournalSegment] = []
        /// Segments in existence, spares included.
        var files = 0
        var memories = 0
        var nextSequence: Int64
        var isRefilling = false
        /// Why the last file could not be made.
        var failure: String?
    }

    private static let spareCount = 4

    let segmentSize: Int
    private let folder: String
    private let fileLimit: Int
    private let memoryLimit: Int
    private let makeFile: MakeFile
    private let queue = DispatchQueue(label: "ledger.journal")
    private let state: Mutex<State>

    init(folder: String, nextSequence: Int64, configuration: LedgerConfiguration, seams: LedgerSeams) {
        self.folder = folder
        self.segmentSize = max(seams.segmentSize, JournalSegment.headerSize + JournalEncoder.recordLimit)
        self.fileLimit = configuration.journalLimit / self.segmentSize
        self.memoryLimit = configuration.memoryLimit / self.segmentSize
        self.makeFile = seams.makeFile
        self.state = Mutex(State(nextSequence: nextSequence))
    }

    /// Why the journal cannot grow on disk at present; nil when it can.
    var failure: String? { self.state.withLock(\.failure) }

    /// Bytes of segments that would be lost with the process.
    var memoryBytes: Int { self.state.withLock(\.memories) * self.segmentSize }

    /// An empty segment: a spare one, else one in memory; nil when as many exist as may.
    func take() -> JournalSegment? {
        let (segment, wantsRefill) = self.state.withLock { state -> (JournalSegment?, Bool) in
            let segment = state.spares.isEmpty ? self.makeInMemory(&state) : state.spares.removeFirst()
            return (segment, state.failure == nil && state.spares.count < Self.spareCount)
        }
        if wantsRefill { self.refillSoon() }
        return segment
    }

    /// Gives back a segment whose records are all committed.
    func release(_ segment: JournalSegment) {
        segment.unlinkFile()
        self.state.withLock { state in
            if segment.path == nil { state.memories -= 1 } else { state.files -= 1 }
        }
    }

    /// Makes the pages of a segment ready from `start` on, elsewhere.
    func prepareSoon(_ segment: JournalSegment, from start: Int) {
        self.queue.async { segment.prepare(from: start) }
    }

    /// Fills the reserve, elsewhere.
    func refillSoon() {
        let starts = self.state.withLock { state in
            guard !state.isRefilling, state.spares.count < Self.spareCount else { return false }
            state.isRefilling = true
            return true
        }
        guard starts else { return }
        self.queue.async {
            self.refill()
            self.state.withLock { $0.isRefilling = false }
        }
    }

    /// Fills the reserve and waits for it.
    func refillNow() {
        self.queue.sync { self.refill() }
    }

    private func refill() {
        while true {
            let sequence = self.state.withLock { state -> Int64? in
                guard state.spares.count < Self.spareCount, state.files < self.fileLimit else { return nil }
                state.files += 1
                defer { state.nextSequence += 1 }
                return state.nextSequence
            }
            guard let sequence else { return }
            do {
                let segment = try self.makeFile(self.folder, sequence, self.segmentSize)
                self.state.withLock { state in
                    state.spares.append(segment)
                    state.failure = nil
                }
            } catch {
                self.state.withLock { state in
                    state.files -= 1
                    state.failure = "\(error)"
                }
                return
            }
        }
    }

    /// Removes the reserve's files.
    func dropSpares() {
        let spares = self.state.withLock { state in
            defer { state.spares = [] }
            return state.spares
        }
        for segment in spares { self.release(segment) }
    }

    private func makeInMemory(_ state: inout State) -> JournalSegment? {
        guard state.memories < self.memoryLimit else { return nil }
        state.memories += 1
        defer { state.nextSequence += 1 }
        return .inMemory(sequence: state.nextSequence, size: self.segmentSize)
    }
}

/// The requests of one link: their ids, counted up, and those whose reply is awaited.
struct MinerRequests<Kind> {
    private(set) var awaited: [(id: Int, kind: Kind)] = []
    private var nextID: Int
    private let mask: Int

    /// - Parameter bits: how many an id has; it starts over after the last one.
    init(from first: Int = 1, bits: Int = 31) {
        self.nextID = first
        self.mask = (1 << bits) - 1
    }

    /// The id of a request whose reply belongs to no kind: a submit.
    mutating func takeID() -> Int {
        defer { self.nextID = (self.nextID + 1) & self.mask }
        return self.nextID
    }

    /// The id of a request whose reply is awaited.
    mutating func expectReply(to kind: Kind) -> Int {
        let id = self.takeID()
        self.awaited.append((id, kind))
        return id
    }

    /// What was asked with that id, if it was not answered before.
    mutating func answered(_ id: Int) -> Kind? {
        self.awaited.firstIndex { $0.id == id }.map { self.awaited.remove(at: $0).kind }
    }
}

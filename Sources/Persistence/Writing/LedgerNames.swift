import GRDB
import Synchronization

/// The interned names, for all threads.
final class InternedNames: Sendable {
    private let names: Mutex<LedgerNames>

    init(_ names: sending LedgerNames) {
        self.names = Mutex(names)
    }

    func worker(_ name: String, route: String) -> Int32 { self.names.withLock { $0.worker(name, route: route) } }

    func pool(_ name: String, route: String) -> Int32 { self.names.withLock { $0.pool(name, route: route) } }

    func reason(_ text: String) -> Int32 { self.names.withLock { $0.reason(text) } }

    func describe(route: String, _ description: LedgerProtocol) {
        self.names.withLock { $0.describe(route: route, description) }
    }

    /// Every name that has a number.
    var all: [LedgerName] { self.names.withLock { $0.all } }
}

/// All interned names; a new one is recorded before its number is known to anyone.
struct LedgerNames {
    /// Leaves room in the journal for the replacement of a character that was cut.
    private static let textLimit = JournalEncoder.textLimit - 4

    private var routes: LedgerNameTable
    private var workers: LedgerNameTable
    private var pools: LedgerNameTable
    private var reasons: LedgerNameTable
    /// By the numbers of routes, as described last.
    private var protocols: [Int32: LedgerProtocol] = [:]
    private let lane: LedgerLane

    /// `known` is what earlier runs defined, `highWater` what they referred to.
    init(known: [LedgerName], highWater: LedgerHighWater, configuration: LedgerConfiguration, lane: LedgerLane) {
        self.routes = LedgerNameTable(kind: .route, known: known, lastID: highWater.route)
        self.workers = LedgerNameTable(
            kind: .worker,
            known: known,
            lastID: highWater.worker,
            limit: configuration.workerLimit
        )
        self.pools = LedgerNameTable(kind: .pool, known: known, lastID: highWater.pool)
        self.reasons = LedgerNameTable(
            kind: .reason,
            known: known,
            lastID: highWater.reason,
            limit: configuration.reasonLimit
        )
        for route in known where route.kind == .route { self.protocols[route.id] = route.protocol }
        self.lane = lane
    }

    mutating func worker(_ name: String, route: String) -> Int32 {
        let route = self.routes.intern(Self.cut(route))
        self.record(route)
        let worker = self.workers.intern(Self.cut(name), route: route.id)
        self.record(worker)
        return worker.id
    }

    mutating func pool(_ name: String, route: String) -> Int32 {
        let route = self.routes.intern(Self.cut(route))
        self.record(route)
        let pool = self.pools.intern(Self.cut(name), route: route.id)
        self.record(pool)
        return pool.id
    }

    /// 0 for the empty text.
    mutating func reason(_ text: String) -> Int32 {
        guard !text.isEmpty else { return 0 }
        let reason = self.reasons.intern(Self.cut(text))
        self.record(reason)
        return reason.id
    }

    /// Recorded when it is new, or another one than before.
    mutating func describe(route: String, _ description: LedgerProtocol) {
        guard
            let description = LedgerProtocol(
                name: Self.cut(description.name),
                hashesPerDifficulty: description.hashesPerDifficulty
            )
        else { return }
        let text = Self.cut(route)
        let interned = self.routes.intern(text)
        guard interned.id != 0, interned.new != nil || self.protocols[interned.id] != description else { return }
        self.protocols[interned.id] = description
        let name = LedgerName(kind: .route, id: interned.id, route: 0, text: text, protocol: description)
        self.lane.record(.name(name))
    }

    /// Every name that has a number.
    var all: [LedgerName] {
        let routes = self.routes.all.map { route in
            var route = route
            route.protocol = self.protocols[route.id]
            return route
        }
        return [routes, self.workers.all, self.pools.all, self.reasons.all].flatMap { $0 }
    }

    private func record(_ interned: (id: Int32, new: LedgerName?)) {
        if let name = interned.new { self.lane.record(.name(name)) }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > Self.textLimit else { return text }
        return String(decoding: text.utf8.prefix(Self.textLimit), as: UTF8.self)
    }
}

/// The interned names of one kind: a number for each distinct text, without end of life.
struct LedgerNameTable: Sendable {
    /// What stands for all names beyond the limit.
    static let other = "(other)"

    private struct Key: Hashable {
        var route: Int32
        var text: String
    }

    private let kind: LedgerName.Kind
    private let limit: Int
    private var ids: [Key: Int32] = [:]
    private var lastID: Int32

    /// `known` is what earlier runs defined; new ids start after these and after `lastID`.
    init(kind: LedgerName.Kind, known: [LedgerName], lastID: Int64, limit: Int = .max) {
        self.kind = kind
        self.limit = limit
        var lastID = Int32(clamping: lastID)
        for name in known where name.kind == kind {
            self.ids[Key(route: name.route, text: name.text)] = name.id
            lastID = max(lastID, name.id)
        }
        self.lastID = lastID
    }

    /// Every name of the kind.
    var all: [LedgerName] {
        self.ids.map { LedgerName(kind: self.kind, id: $0.value, route: $0.key.route, text: $0.key.text) }
    }

    /// The id of `text`, and its definition if it is new.
    mutating func intern(_ text: String, route: Int32 = 0) -> (id: Int32, new: LedgerName?) {
        if let id = self.ids[Key(route: route, text: text)] { return (id, nil) }
        guard self.ids.count < self.limit || text == Self.other else { return self.intern(Self.other, route: route) }
        guard self.lastID < Int32.max else { return (0, nil) }
        self.lastID += 1
        let name = LedgerName(kind: self.kind, id: self.lastID, route: route, text: text)
        self.ids[Key(route: route, text: text)] = name.id
        return (name.id, name)
    }
}

extension LedgerName {
    /// Every name that is defined.
    static func fetchAll(_ db: Database) throws -> [LedgerName] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT 0 AS kind, id, 0 AS route, name FROM route
                UNION ALL SELECT 1, id, route, name FROM worker
                UNION ALL SELECT 2, id, route, name FROM pool
                UNION ALL SELECT 3, id, 0, text FROM reason
                """
        )
        let protocols = try RouteRows.protocols(db)
        return try rows.compactMap { row in
            guard let kind = Kind(rawValue: try row.value("kind")) else { return nil }
            let id: Int32 = try row.value("id")
            return LedgerName(
                kind: kind,
                id: id,
                route: try row.value("route"),
                text: try row.value("name"),
                protocol: kind == .route ? protocols[id] : nil
            )
        }
    }
}

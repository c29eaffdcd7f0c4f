package import NIOCore
package import Stratum

/// Compares the blocks that the pools of a route work on, to find one that stays on an old block (design D3).
///
/// Pools are told apart by a number that the caller chooses. Two are compared once they have announced at least one block
/// in common, so that pools of different chains are not called late.
///
/// Q is past P if the height of Q's block is greater. Where a height is unknown, or they are more than 1000 apart and so
/// not of one chain: if Q has announced P's block, and is on one that P never announced and that was first seen after P's.
/// So two blocks of the same height, a fork race, leave nobody behind; a pool that stays on the losing block is found
/// only by heights.
package struct LagDetector: Sendable {
    /// A pool is on an old block.
    package struct Behind: Sendable, Hashable {
        /// When the second of the others, or the only other, had moved past it; no earlier than its own last move.
        package var since: NIODeadline
        /// The pools that are past it, in order.
        package var others: [Int]

        package init(since: NIODeadline, others: [Int]) {
            self.since = since
            self.others = others
        }
    }

    private struct Block {
        var firstSeen: NIODeadline
        /// Greater for one that was seen later.
        var order: UInt64
        var announcers: Set<Int>
    }

    private struct Pool {
        var coin: String
        /// nil: it has no link, or its link has no job yet.
        var tip: BlockTip?
        /// The pools that are past this one, and since when.
        var passed: [Int: NIODeadline] = [:]
        /// Those of them that are believed alone: they went one block further, by the network target that this pool names as
        /// well, and not to a height out of the air.
        var witnesses: Set<Int> = []
        /// Pools with a block in common, now or earlier.
        var relatives: Set<Int> = []
        /// New blocks that it announced while another pool was there to announce them too, for those without any in common.
        var strangeBlocks: [Int: Int] = [:]
    }

    /// By coin, then by hash.
    private var chains: [String: [[UInt8]: Block]] = [:]
    private var pools: [Int: Pool] = [:]
    private var nextOrder: UInt64 = 0

    /// Blocks that are remembered for each coin.
    private static let limit = 64
    /// So many blocks that nobody else announced are more than a pool is ahead of the others.
    private static let many = 8
    /// Heights that differ more than this are not of one chain, or no heights.
    private static let comparable = 1000

    package init() {}

    // MARK: - What happened

    /// The pool sent a job on `block`. Returns how much later than the first pool of its coin it announced this block,
    /// zero if it is the first; nil if that says nothing: it announced it before, is on a newer one, or it is its first
    /// block since it was there.
    @discardableResult
    package mutating func announced(pool: Int, coin: String, block: BlockTip, now: NIODeadline) -> TimeAmount? {
        guard block.hash.count == 32 else { return nil }
        if let known = self.pools[pool], known.coin != coin { self.forget(pool) }
        var member = self.pools[pool] ?? Pool(coin: coin)
        let entry = self.chains[coin]?[block.hash]
        let firstSeen = entry?.firstSeen ?? now
        let isNew = entry?.announcers.contains(pool) != true
        let old = member.tip
        if old?.hash == block.hash {
            // The same again; something may be known now that was not.
            member.tip?.height = block.height ?? old?.height
            member.tip?.isProven = block.isProven || old?.isProven == true
        } else if old == nil || self.isNewer(block, entry, than: old, isNew: isNew, coin: coin) {
            member.tip = block
            member.passed = [:]
            member.witnesses = []
        }
        let hasMoved = old?.hash != member.tip?.hash
        self.pools[pool] = member
        self.remember(block.hash, of: pool, coin: coin, now: now)
        if hasMoved, old != nil, isNew { self.countStrangeBlock(of: pool) }
        self.compare(pool, now: now)
        return hasMoved && old != nil && isNew ? max(.zero, now - firstSeen) : nil
    }

    /// The pool has no link any more: its block says nothing.
    package mutating func left(pool: Int) {
        self.pools[pool]?.tip = nil
        self.pools[pool]?.passed = [:]
        self.pools[pool]?.witnesses = []
        for other in self.pools.keys { self.note(pool, isPast: false, of: other, now: .distantPast) }
    }

    /// The pool is gone for good, and the numbers above it are one less from now on.
    package mutating func removed(pool: Int) {
        self.renumber { $0 == pool ? nil : $0 > pool ? $0 - 1 : $0 }
    }

    /// Gives all pools other numbers; nil: that pool is gone for good. Two with the same new number: the first is kept.
    package mutating func renumber(_ number: (Int) -> Int?) {
        var numbers: [Int: Int] = [:]
        var taken: Set<Int> = []
        for pool in self.pools.keys.sorted() {
            guard let new = number(pool), taken.insert(new).inserted else {
                self.forget(pool)
                continue
            }
            numbers[pool] = new
        }
        func renamed(_ pools: Set<Int>) -> Set<Int> { Set(pools.compactMap { numbers[$0] }) }
        func renamed<Value>(_ pools: [Int: Value]) -> [Int: Value] {
            var result: [Int: Value] = [:]
            for (pool, value) in pools {
                if let new = numbers[pool] { result[new] = value }
            }
            return result
        }
        self.pools = renamed(
            self.pools.mapValues { pool in
                var pool = pool
                pool.passed = renamed(pool.passed)
                pool.witnesses = renamed(pool.witnesses)
                pool.relatives = renamed(pool.relatives)
                pool.strangeBlocks = renamed(pool.strangeBlocks)
                return pool
            }
        )
        self.chains = self.chains.mapValues { chain in
            chain.mapValues { block in
                var block = block
                block.announcers = renamed(block.announcers)
                return block
            }
        }
    }

    // MARK: - What it comes to

    /// Non-nil as soon as enough other pools are past this one: two of them, or one that can be believed alone where there is
    /// but one to compare with. The caller decides how long that may last.
    package func behind(_ pool: Int) -> Behind? {
        guard let member = self.pools[pool], member.tip != nil else { return nil }
        let comparable = member.relatives.filter { self.pools[$0]?.tip != nil }
        let past = member.passed.filter { comparable.contains($0.key) }
        let others = past.keys.sorted()
        let times = past.values.sorted()
        if comparable.count == 1 {
            guard let other = others.first, let since = times.first else { return nil }
            guard member.witnesses.contains(other) else { return nil }
            return Behind(since: since, others: others)
        }
        return times.dropFirst().first.map { Behind(since: $0, others: others) }
    }

    /// Pairs of pools of one coin that each announced two or more new blocks while the other was there, and never one in
    /// common: they work on different chains, which a `coin` in the configuration would tell. In order.
    package func strangers() -> [(Int, Int)] {
        var pairs: [(Int, Int)] = []
        for (pool, member) in self.pools.sorted(by: { $0.key < $1.key }) {
            for (other, blocks) in member.strangeBlocks.sorted(by: { $0.key < $1.key }) where other > pool {
                guard blocks >= 2, self.pools[other]?.strangeBlocks[pool] ?? 0 >= 2 else { continue }
                pairs.append((pool, other))
            }
        }
        return pairs
    }

    /// Blocks that are remembered for `coin`; never more than 64.
    package func rememberedBlocks(coin: String) -> Int { self.chains[coin]?.count ?? 0 }

    // MARK: - Order of blocks

    /// Links of one pool are not in step: only a block that is newer than `tip` moves it. One of the same height that the
    /// pool never announced is a move too, to the other side of a fork.
    private func isNewer(_ block: BlockTip, _ entry: Block?, than tip: BlockTip?, isNew: Bool, coin: String) -> Bool {
        guard let tip else { return true }
        if let order = Self.heights(block.height, tip.height) {
            return order > 0 || order == 0 && isNew
        }
        guard let entry else { return true }
        return entry.order > self.chains[coin]?[tip.hash]?.order ?? 0
    }

    /// How much higher `left` is; nil: nobody knows.
    private static func heights(_ left: Int?, _ right: Int?) -> Int? {
        guard let left, let right else { return nil }
        let (difference, overflow) = left.subtractingReportingOverflow(right)
        return overflow || difference.magnitude > UInt(Self.comparable) ? nil : difference
    }

    private func isPast(_ other: Int, of pool: Int) -> Bool {
        guard let member = self.pools[pool], let tip = member.tip else { return false }
        guard let newer = self.pools[other]?.tip, newer.hash != tip.hash else { return false }
        if let order = Self.heights(newer.height, tip.height) { return order > 0 }
        let chain = self.chains[member.coin] ?? [:]
        guard let own = chain[tip.hash], let block = chain[newer.hash] else { return false }
        return own.announcers.contains(other) && !block.announcers.contains(pool) && block.order > own.order
    }

    /// Brings `passed` up to date after `pool` said something.
    private mutating func compare(_ pool: Int, now: NIODeadline) {
        guard let coin = self.pools[pool]?.coin else { return }
        for (other, member) in self.pools where other != pool && member.coin == coin {
            self.note(other, isPast: self.isPast(other, of: pool), of: pool, now: now)
            self.note(pool, isPast: self.isPast(pool, of: other), of: other, now: now)
        }
    }

    private mutating func note(_ other: Int, isPast: Bool, of pool: Int, now: NIODeadline) {
        guard isPast else {
            self.pools[pool]?.passed[other] = nil
            self.pools[pool]?.witnesses.remove(other)
            return
        }
        if self.pools[pool]?.passed[other] == nil { self.pools[pool]?.passed[other] = now }
        if self.isWitness(other, against: pool) { self.pools[pool]?.witnesses.insert(other) }
    }

    /// A hash that meets the target which both pools name cost a block's work; an old one of those, with a height that was
    /// made up, goes further than one block or is known here.
    private func isWitness(_ other: Int, against pool: Int) -> Bool {
        guard let own = self.pools[pool]?.tip, let newer = self.pools[other]?.tip, newer.isProven else { return false }
        guard newer.nbits == own.nbits else { return false }
        return Self.heights(newer.height, own.height).map { $0 == 1 } ?? true
    }

    private mutating func countStrangeBlock(of pool: Int) {
        guard let coin = self.pools[pool]?.coin, let relatives = self.pools[pool]?.relatives else { return }
        for (other, member) in self.pools where other != pool && member.coin == coin && member.tip != nil {
            guard !relatives.contains(other) else { continue }
            self.pools[pool]?.strangeBlocks[other, default: 0] &+= 1
        }
    }

    // MARK: - Memory

    private mutating func remember(_ hash: [UInt8], of pool: Int, coin: String, now: NIODeadline) {
        var chain = self.chains[coin] ?? [:]
        // Not copied while it is changed.
        self.chains[coin] = nil
        if chain[hash] == nil {
            if chain.count >= Self.limit { self.evict(from: &chain, coin: coin) }
            guard chain.count < Self.limit else {
                self.chains[coin] = chain
                self.left(pool: pool)
                return
            }
            chain[hash] = Block(firstSeen: now, order: self.nextOrder, announcers: [])
            self.nextOrder &+= 1
        }
        chain[hash]?.announcers.insert(pool)
        for other in chain[hash]?.announcers ?? [] where other != pool {
            self.pools[pool]?.relatives.insert(other)
            self.pools[pool]?.strangeBlocks[other] = nil
            self.pools[other]?.relatives.insert(pool)
            self.pools[other]?.strangeBlocks[pool] = nil
        }
        self.chains[coin] = chain
    }

    /// Takes the oldest block that no pool is on. Where one pool has many blocks that no other announced, it is the oldest
    /// of these: a flood of inventions drives out inventions.
    private func evict(from chain: inout [[UInt8]: Block], coin: String) {
        let tips = Set(self.pools.values.lazy.filter { $0.coin == coin }.compactMap { $0.tip?.hash })
        let free = chain.filter { !tips.contains($0.key) }
        let single = free.filter { $0.value.announcers.count <= 1 }
        let alone = Dictionary(grouping: single) { $0.value.announcers.first ?? -1 }
        let most = alone.values.map(\.count).max() ?? 0
        let inventor = most < Self.many ? nil : alone.filter { $0.value.count == most }.keys.min()
        let candidates = inventor.flatMap { alone[$0] } ?? Array(free)
        guard let oldest = candidates.min(by: { $0.value.order < $1.value.order }) else { return }
        chain[oldest.key] = nil
    }

    private mutating func forget(_ pool: Int) {
        guard let coin = self.pools.removeValue(forKey: pool)?.coin else { return }
        for other in self.pools.keys {
            self.pools[other]?.passed[pool] = nil
            self.pools[other]?.witnesses.remove(pool)
            self.pools[other]?.relatives.remove(pool)
            self.pools[other]?.strangeBlocks[pool] = nil
        }
        guard self.pools.values.contains(where: { $0.coin == coin }) else {
            self.chains[coin] = nil
            return
        }
        for hash in (self.chains[coin] ?? [:]).keys { self.chains[coin]?[hash]?.announcers.remove(pool) }
    }
}

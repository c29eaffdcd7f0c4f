import NIOCore
import PoolPool
import Router

// What can happen.
extension InvariantWorld {
    private enum Event: CaseIterable {
        case connect, leave, comeBack, submit, garbage, kick
        case job, cleanJob, difficulty, mask, extranonce, askForReconnect
        case die, refuse, freeze, revive, refuseUsers, reject, rejectSome, answerLate, oldBlock, payElsewhere
        case moment, seconds, minutes
        case command, reload

        var weight: Int {
            switch self {
            case .submit: 30
            case .moment: 14
            case .connect, .cleanJob: 6
            case .job, .seconds, .revive: 5
            case .comeBack, .die: 4
            case .leave, .extranonce, .command: 3
            case .difficulty, .mask, .askForReconnect, .refuse, .freeze, .answerLate, .reload, .reject: 2
            case .garbage, .kick, .refuseUsers, .rejectSome, .oldBlock, .payElsewhere, .minutes: 1
            }
        }
    }

    private static let deck = Event.allCases.flatMap { Array(repeating: $0, count: $0.weight) }
    private static let wishes: [ModelMiner.Expectation] = [
        .good, .good, .good, .good, .good, .good, .late, .late, .duplicate, .malformed, .unknownJob,
    ]

    /// A whole sequence, until its end or the first violation.
    func run() {
        self.addMiner(named: "farm.rig0", resuming: false)
        for _ in 0..<Int.random(in: 15...45, using: &self.random) where self.violations.isEmpty {
            self.happen(Self.deck[self.below(Self.deck.count)])
            self.settle()
            self.checkAll()
        }
        if self.violations.isEmpty, self.below(10) == 0 {
            self.note("waits")
            self.advance(by: .seconds(20))
            self.checkAll()
        }
        self.note("stops")
        self.shutDown()
    }

    private func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self.random) }
    private func anyPool() -> ModelPool { self.pools[self.below(self.pools.count)] }

    private func happen(_ event: Event) {
        switch event {
        case .connect, .leave, .comeBack, .submit, .garbage, .kick: self.minerEvent(event)
        case .moment: self.pass(.milliseconds(Int64(self.below(20) + 1) * 100))
        case .seconds: self.pass(.seconds(Int64(self.below(20) + 2)))
        case .minutes: self.pass(.seconds(Int64(self.below(60) + 45)))
        case .command:
            let directive: PoolDirective = [.drain, .disable, .enable, .enable][self.below(4)]
            let name = self.anyPool().name
            let within = Duration.seconds(self.below(2) * 5)
            self.note("operator: \(directive) \(name) within \(within)")
            self.command(directive, name, within: within)
        case .reload: self.reload()
        case .job, .cleanJob, .difficulty, .mask, .extranonce, .askForReconnect, .die, .refuse, .freeze, .revive,
            .refuseUsers, .reject, .rejectSome, .answerLate, .oldBlock, .payElsewhere:
            let pool = self.anyPool()
            self.note("\(pool.name): \(event)")
            self.poolEvent(event, pool)
        }
    }

    private func pass(_ amount: TimeAmount) {
        self.note("\(amount.nanoseconds / 1_000_000) ms pass")
        self.advance(by: amount)
    }

    private func minerEvent(_ event: Event) {
        switch event {
        case .connect, .comeBack:
            guard self.miners.count < 5 else { return }
            let name = "farm.rig\(self.below(6))"
            self.note("\(name): \(event)")
            self.addMiner(named: name, resuming: event == .comeBack)
        default:
            guard !self.miners.isEmpty else { return }
            let index = self.below(self.miners.count)
            let miner = self.miners[index]
            switch event {
            case .leave:
                self.note("\(miner.name) leaves")
                self.removeMiner(index)
            case .kick:
                self.note("\(miner.name) is kicked")
                self.kick(miner.session)
            case .garbage:
                miner.sayGarbage()
            default:
                for _ in 0...self.below(4) {
                    let wish = Self.wishes[self.below(Self.wishes.count)]
                    self.note("\(miner.name) submits: \(wish)")
                    miner.submit(wish, now: self.now, random: &self.random)
                }
            }
        }
    }

    private func poolEvent(_ event: Event, _ pool: ModelPool) {
        switch event {
        case .job: pool.sendJob(clean: false, random: &self.random)
        case .cleanJob: pool.sendJob(clean: true, random: &self.random)
        case .difficulty: pool.changeDifficulty(random: &self.random)
        case .mask: pool.changeMask(random: &self.random)
        case .extranonce: pool.changeExtranonce(random: &self.random)
        case .askForReconnect: pool.askForReconnect(host: self.below(2) == 0 ? nil : "\(pool.name).example.com")
        case .die: pool.die(reset: self.below(2) == 0, refusing: false)
        case .refuse: pool.die(reset: self.below(2) == 0, refusing: true)
        case .freeze: if pool.reach == .up { pool.change(.frozen) }
        case .revive:
            if pool.reach != .up { pool.change(.up) }
            if pool.answersLate { pool.answerLate(false) }
            if pool.refusesUsers { pool.refuseUsers(false) }
            pool.rejectsOneOf = nil
            pool.keepsOldBlock = false
        case .refuseUsers: pool.refuseUsers(true)
        case .reject: pool.rejectsOneOf = 1
        case .rejectSome: pool.rejectsOneOf = 2
        case .oldBlock: pool.keepsOldBlock = true
        case .payElsewhere: pool.payElsewhere(random: &self.random)
        case .answerLate: pool.answerLate(!pool.answersLate)
        default: break
        }
    }

    /// Other weights and priorities, a pool less or one more.
    private func reload() {
        let weight = Double(self.below(4))
        let priority = self.below(2) + 1
        let name = self.anyPool().name
        let isRemoval = self.below(2) == 0
        self.note("reload: \(name), weight \(weight), priority \(priority), in or out: \(isRemoval)")
        self.reload { configuration in
            guard let index = configuration.pools.firstIndex(where: { $0.name == name }) else {
                guard let other = configuration.pools.first else { return }
                var pool = other
                pool.name = name
                pool.endpoint.host = "\(name).example.com"
                configuration.pools.append(pool)
                return
            }
            configuration.pools[index].weight = weight
            configuration.pools[index].priority = priority
            if isRemoval, configuration.pools.count > 1 { configuration.pools.remove(at: index) }
            if self.below(4) == 0 {
                configuration.pins = Self.pins(configuration.pools.map(\.name), random: &self.random)
            }
        }
    }
}

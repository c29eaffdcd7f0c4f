import ArgumentParser
import Forecast
import Foundation
import Persistence
import PoolPool
import Router

/// What a ledger has recorded of a stretch of time, as a simulation can use it.
struct RecordedDay {
    var miners: [ForecastMiner]
    var faults: [ForecastFault]
    /// Seconds.
    var duration: Double

    /// - Throws: an exit code; what is wrong goes to stderr.
    static func read(
        ledger: String, route: RouteConfiguration, period: LedgerPeriod, hours: Double
    ) throws -> RecordedDay {
        guard let since = period.since else { throw ExitStatus.usage }
        let until = min(period.until ?? .max, since + Int64(hours * 3_600_000))
        let stretch = LedgerPeriod(since: since, until: until)
        do {
            let reader = try LedgerReader(path: ledger)
            let miners = try Self.miners(reader, route: route.name, stretch, since: since)
            guard !miners.isEmpty else {
                printToStandardError(
                    "\(ledger) has no shares of route \(route.name) from \(LedgerTime.format(since)) to \(LedgerTime.format(until))"
                )
                throw ExitStatus.no
            }
            return RecordedDay(
                miners: miners,
                faults: try Self.faults(reader, route: route, stretch, since: since, until: until),
                duration: Double(until - since) / 1000
            )
        } catch let error as LedgerError {
            printToStandardError("\(error)")
            if case .missing = error { throw ExitStatus.noInput }
            throw ExitStatus.configuration
        }
    }

    /// Each worker with its hashrate by the hour; an hour without a share counts as away.
    private static func miners(
        _ reader: LedgerReader, route: String, _ period: LedgerPeriod, since: Int64
    ) throws -> [ForecastMiner] {
        var filter = LedgerReportFilter()
        filter.routes = [route]
        filter.period = period
        let table = try reader.report(by: [.worker, .hour], filter, now: PeriodOptions.now)
        var hours: [String: [(time: Double, hashrate: Double)]] = [:]
        for row in table.rows {
            guard row.key.count == 2, let worker = row.key[0], let hour = row.key[1], let hashrate = row.hashrate,
                let time = LedgerTime.parse(hour, now: since), hashrate > 0
            else { continue }
            hours[worker, default: []].append((max(0, Double(time - since) / 1000), hashrate))
        }
        return hours.sorted { $0.key < $1.key }.map { worker, hours in
            let sorted = hours.sorted { $0.time < $1.time }
            var steps: [ForecastMiner.Step] = []
            for (index, (time, hashrate)) in sorted.enumerated() {
                steps.append(ForecastMiner.Step(time: time, hashrate: hashrate))
                // Hours are those of the clock, so that the first and the last may be short.
                let next = index + 1 < sorted.count ? sorted[index + 1].time : .infinity
                if next - time > 3600 { steps.append(ForecastMiner.Step(time: time + 3600, hashrate: 0)) }
            }
            return ForecastMiner(login: worker, steps: steps)
        }
    }

    /// From each time a pool went down, or was put aside, until it was back.
    private static func faults(
        _ reader: LedgerReader, route: RouteConfiguration, _ period: LedgerPeriod, since: Int64, until: Int64
    ) throws -> [ForecastFault] {
        var filter = LedgerEventFilter()
        filter.kinds = ["down", "up", "readmitted", "ejected"]
        filter.period = period
        var open: [String: (time: Int64, kind: ForecastFault.Kind)] = [:]
        var faults: [ForecastFault] = []
        func close(_ pool: String, at time: Int64) {
            guard let (start, kind) = open.removeValue(forKey: pool), time > start else { return }
            faults.append(
                ForecastFault(
                    pool: pool, kind: kind, start: Double(start - since) / 1000, length: Double(time - start) / 1000
                )
            )
        }
        for event in try reader.events(filter) where event.route == route.name {
            guard let pool = event.pool, route.pools.contains(where: { $0.name == pool }) else { continue }
            switch event.kind {
            case "down":
                close(pool, at: event.time)
                open[pool] = (event.time, .down)
            case "readmitted" where event.cause == "answers again" || event.cause == "connected again":
                // A doubt that is over says nothing of the refusals for which the pool was put aside.
                if case .down = open[pool]?.kind { close(pool, at: event.time) }
            case "ejected":
                if open[pool] == nil { open[pool] = (event.time, .rejects(ratio: 0.5)) }
            default: close(pool, at: event.time)
            }
        }
        for pool in open.keys.sorted() { close(pool, at: until) }
        return faults
    }
}

import Foundation

/// The metrics of the router. Labels are names from the configuration, never those of workers or sessions, so the
/// number of series depends on the configuration alone.
package enum MetricsPage {
    package static func render(status: StatusReport, pools: [PoolReport]) -> String {
        var text = PrometheusText()
        self.write(status, to: &text)
        self.write(status.routes, to: &text)
        self.write(pools, to: &text)
        self.write(status.ledger, to: &text)
        return text.page
    }

    private static func write(_ status: StatusReport, to text: inout PrometheusText) {
        text.metric("router_info", .gauge, "Always 1.", samples: [(["version": status.version], 1)])
        text.metric(
            "router_start_time_seconds", .gauge, "When the router started, seconds since 1970.",
            samples: [([:], status.started.timeIntervalSince1970)]
        )
        text.metric(
            "router_draining", .gauge, "1 while the router takes no new miners.",
            samples: [([:], status.state == .draining ? 1 : 0)]
        )
        text.metric(
            "router_warnings", .gauge, "Things the operator should look at; status names them.",
            samples: [([:], Double(status.warnings.count))]
        )
    }

    private static func write(_ routes: [RouteReport], to text: inout PrometheusText) {
        func gauge(_ name: String, _ help: String, _ value: (RouteReport) -> Double) {
            text.metric(name, .gauge, help, samples: routes.map { (["route": $0.name], value($0)) })
        }
        gauge("router_sessions", "Connected miners.") { Double($0.sessions) }
        gauge("router_workers", "Distinct authorised worker names.") { Double($0.workers) }
        gauge("router_hashrate", "Estimated hashes per second; solutions in equihash.", \.hashrate)
        gauge("router_pools", "Configured pools.") { Double($0.poolsTotal) }
        gauge("router_pools_usable", "Pools that could carry work now.") { Double($0.poolsUsable) }
        gauge("router_shares_pending", "Shares forwarded and not yet settled.") { Double($0.shares.pending) }
        text.metric(
            "router_shares_total", .counter, "Settled shares by verdict.",
            samples: routes.flatMap { route in
                route.shares.settled.map { (["route": route.name, "verdict": $0.verdict], Double($0.count)) }
            }
        )
    }

    private static func write(_ pools: [PoolReport], to text: inout PrometheusText) {
        func metric(_ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: (PoolReport) -> Double?) {
            let samples: [(PrometheusText.Labels, Double)] = pools.compactMap { pool in
                value(pool).map { (["route": pool.route, "pool": pool.name], $0) }
            }
            text.metric(name, kind, help, samples: samples)
        }
        text.metric(
            "router_pool_state", .gauge, "1 for the state the pool is in, 0 for the others.",
            samples: pools.flatMap { pool in
                PoolState.allCases.map { state in
                    (
                        ["route": pool.route, "pool": pool.name, "state": state.rawValue],
                        pool.state == state ? 1 : 0
                    )
                }
            }
        )
        metric("router_pool_links", .gauge, "Open connections to the pool.") { Double($0.links) }
        metric("router_pool_sessions", .gauge, "Miners that work for the pool.") { Double($0.sessions) }
        metric("router_pool_hashrate", .gauge, "As router_hashrate, of the miners that work for the pool.", \.hashrate)
        metric("router_pool_work_share", .gauge, "The pool's part of its route's accepted work, 0 to 1.", \.workShare)
        metric(
            "router_pool_target_share", .gauge, "What the pool should have of the load now, 0 to 1.", \.targetShare)
        metric("router_pool_difficulty", .gauge, "Difficulty of the pool's newest job.", \.difficulty)
        metric("router_pool_job_age_seconds", .gauge, "Age of the pool's newest job.", \.jobAgeSeconds)
        metric("router_pool_prevhash_age_seconds", .gauge, "Since the pool announced its block.", \.prevhashAgeSeconds)
        metric(
            "router_pool_lag_seconds", .gauge, "Median lag behind the first pool to announce a block.", \.lagSeconds)
        metric("router_pool_latency_seconds", .gauge, "Median time to the pool's verdict.") {
            $0.latencyMs.map { $0 / 1000 }
        }
        metric("router_pool_reconnects_total", .counter, "Reconnects to the pool.") { Double($0.reconnects) }
        metric("router_pool_shares_forwarded_total", .counter, "Shares sent to the pool.") { Double($0.forwarded) }
        metric("router_pool_shares_pending", .gauge, "Shares sent to the pool and not yet settled.") {
            Double($0.pending)
        }
        text.metric(
            "router_pool_shares_total", .counter, "Settled shares sent to the pool, by verdict.",
            samples: pools.flatMap { pool in
                [("accepted", pool.accepted), ("rejected", pool.rejected), ("lost", pool.lost)].map { verdict, count in
                    (["route": pool.route, "pool": pool.name, "verdict": verdict], Double(count))
                }
            }
        )
    }

    private static func write(_ ledger: LedgerReport, to text: inout PrometheusText) {
        text.metric(
            "router_ledger_healthy", .gauge, "0 while rows cannot be written as they should.",
            samples: [([:], ledger.state == .healthy ? 1 : 0)]
        )
        text.metric(
            "router_ledger_queued_bytes", .gauge, "Bytes recorded and not yet committed.",
            samples: [([:], Double(ledger.queuedBytes))]
        )
        text.metric("router_ledger_rows_total", .counter, "Rows written.", samples: [([:], Double(ledger.rows))])
        text.metric(
            "router_ledger_gap_shares_total", .counter, "Gaps recorded.", samples: [([:], Double(ledger.gapShares))])
    }
}

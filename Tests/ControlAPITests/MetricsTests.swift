import Foundation
import Testing

@testable import ControlAPI

@Suite struct MetricsTests {
    private var linePattern: Regex<(Substring, Substring, Substring?, Substring)> {
        #/([a-z_]+)(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? (-?[0-9.e+-]+|NaN|[+-]Inf)/#
    }

    @Test func pageHoldsWhatTheReportsSay() {
        var ejected = PoolReport.primary
        ejected.name = "third"
        ejected.state = .ejected
        let page = MetricsPage.render(status: .sample, pools: [.primary, .backup, ejected])
        for line in [
            #"router_info{version="1.2.3"} 1"#,
            "router_start_time_seconds 1767323045.678",
            "router_draining 0",
            #"router_sessions{route="btc"} 12"#,
            #"router_hashrate{route="btc"} 1234000000000000"#,
            #"router_shares_total{route="btc",verdict="accepted"} 1234567"#,
            #"router_shares_total{route="btc",verdict="low_difficulty"} 1"#,
            #"router_pool_state{route="btc",pool="primary",state="up"} 1"#,
            #"router_pool_state{route="btc",pool="backup",state="up"} 0"#,
            #"router_pool_state{route="btc",pool="backup",state="down"} 1"#,
            #"router_pool_work_share{route="btc",pool="primary"} 0.798"#,
            #"router_pool_state{route="btc",pool="primary",state="ejected"} 0"#,
            #"router_pool_state{route="btc",pool="third",state="ejected"} 1"#,
            #"router_pool_target_share{route="btc",pool="primary"} 0.8"#,
            #"router_pool_lag_seconds{route="btc",pool="primary"} 0.25"#,
            #"router_pool_latency_seconds{route="btc",pool="primary"} 0.0415"#,
            #"router_pool_shares_total{route="btc",pool="primary",verdict="rejected"} 4"#,
            "router_ledger_healthy 1",
            "router_ledger_rows_total 1234642",
        ] {
            #expect(page.contains(line + "\n"), "\(line)")
        }
        #expect(!page.contains(#"router_pool_latency_seconds{route="btc",pool="backup"}"#))
        #expect(!page.contains(#"router_pool_lag_seconds{route="btc",pool="backup"}"#))
    }

    @Test func everyLineParsesAndEveryMetricIsDeclaredOnce() throws {
        var pool = PoolReport.primary
        pool.name = "a\"b\\c\nd } é \u{1b}"
        pool.workShare = .nan
        pool.hashrate = .infinity
        let page = MetricsPage.render(status: .sample, pools: [pool, .backup])
        #expect(page.hasSuffix("\n"))
        #expect(page.contains(#"pool="a\"b\\c\nd } é "#))
        var declared: Set<Substring> = []
        var current: Substring?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let words = line.split(separator: " ")
            switch words.first {
            case "#" where words[1] == "TYPE":
                #expect(words[2] == current)
                #expect(["counter", "gauge"].contains(words[3]))
                #expect(words[2].hasSuffix("_total") == (words[3] == "counter"))
            case "#":
                #expect(declared.insert(words[2]).inserted)
                current = words[2]
            default:
                let match = try #require(line.wholeMatch(of: self.linePattern), "\(line)")
                #expect(match.output.1 == current)
            }
        }
    }

    @Test func routerWithoutRoutesHasAPage() {
        var status = StatusReport.sample
        status.routes = []
        let page = MetricsPage.render(status: status, pools: [])
        #expect(page.contains("router_ledger_healthy 1\n"))
        #expect(!page.contains("router_pool"))
    }

    @Test(
        arguments: [
            (0, "0"), (-1, "-1"), (0.5, "0.5"), (1e15, "1000000000000000"), (1e25, "1e+25"), (.nan, "NaN"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"),
        ] as [(Double, String)])
    func numberIsWritten(value: Double, text: String) {
        var page = PrometheusText()
        page.metric("a", .gauge, "b", samples: [([:], value)])
        #expect(page.page == "# HELP a b\n# TYPE a gauge\na \(text)\n")
    }
}

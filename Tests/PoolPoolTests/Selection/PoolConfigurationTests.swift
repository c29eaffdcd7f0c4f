import PoolPool
import Testing

@Suite struct PoolConfigurationTests {
    @Test(
        arguments: [
            // configured user, miner's login, upstream user
            ("account", "rig7", "account"),
            ("{user}", "rig7", "rig7"),
            ("{user}", "acct.rig7", "acct.rig7"),
            ("{worker}", "acct.rig7", "rig7"),
            ("{worker}", "rig7", "rig7"),
            ("account.{worker}", "acct.rig7", "account.rig7"),
            ("account.{worker}", "acct.hall.rig7", "account.hall.rig7"),
            ("account.{worker}", "acct.", "account."),
            ("account.{worker}", ".rig7", "account.rig7"),
            ("{user}_{worker}", "a.b", "a.b_b"),
            ("{worker}", "x.{user}", "{user}"),
            ("{user}{worker}", "{worker}", "{worker}{worker}"),
            ("{other}.{worker}", "a.b", "{other}.b"),
            ("{{worker}}", "a.b", "{b}"),
            ("a{", "b", "a{"),
            ("{user", "b", "{user"),
        ]
    )
    func upstreamUser(user: String, login: String, expected: String) {
        let endpoint = PoolEndpoint(transport: .tcp, host: "pool.example", port: 3333)
        let pool = PoolConfiguration(name: "a", endpoint: endpoint, user: user)
        #expect(pool.upstreamUser(login: login) == expected)
        #expect(pool.isPerWorker == (user.contains("{user}") || user.contains("{worker}")))
    }

    @Test func endpointsAreWrittenAsURLs() {
        #expect("\(PoolEndpoint(transport: .tls, host: "2001:db8::1", port: 443))" == "stratum+ssl://[2001:db8::1]:443")
        #expect("\(PoolEndpoint(transport: .tcp, host: "a.example", port: 1))" == "stratum+tcp://a.example:1")
    }
}

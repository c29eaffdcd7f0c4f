import PoolPool
import Testing

@Suite struct ReconnectRuleTests {
    @Test(
        arguments: [
            // configured, asked host, asked port, allowed host:port
            ("eu.pool.example", nil, nil, "eu.pool.example:3333"),
            ("eu.pool.example", "", 443, "eu.pool.example:443"),
            ("eu.pool.example", "EU.Pool.Example", 443, "eu.pool.example:443"),
            ("eu.pool.example", "us.pool.example", 3334, "us.pool.example:3334"),
            ("eu.pool.example", "a.eu.pool.example", nil, "a.eu.pool.example:3333"),
            ("pool.com", "x.pool.com", nil, "x.pool.com:3333"),
            ("192.0.2.7", "192.0.2.7", 1, "192.0.2.7:1"),
            ("2001:db8::1", "2001:DB8::1", nil, "2001:db8::1:3333"),
            ("eu.pool.example", "pool.example", nil, nil),
            ("eu.pool.example", "eu.evil.example", nil, nil),
            ("eu.pool.example", "evil.com", nil, nil),
            ("eu.pool.example", "eu.pool.example.evil.com", nil, nil),
            ("eu.pool.example", ".pool.example", nil, nil),
            ("eu.pool.example", "u s.pool.example", nil, nil),
            ("pool.com", "evil.com", nil, nil),
            ("pool.com", "evilpool.com", nil, nil),
            ("localhost", "x.localhost", nil, nil),
            ("192.0.2.7", "192.0.2.8", nil, nil),
            ("192.0.2.7", "9.192.0.2.7", nil, nil),
            ("192.0.2.7", "x.192.0.2.7", nil, nil),
            ("eu.pool.example", "192.0.2.7", nil, nil),
            ("eu.pool.example", nil, 0, nil),
            ("eu.pool.example", nil, 65_536, nil),
            ("eu.pool.example", nil, -1, nil),
        ] as [(String, String?, Int?, String?)]
    )
    func targets(configured: String, host: String?, port: Int?, expected: String?) {
        let endpoint = PoolEndpoint(transport: .tls, host: configured, port: 3333)
        let target = ReconnectRule.target(configured: endpoint, host: host, port: port)
        #expect(target.map { "\($0.host):\($0.port)" } == expected)
        if let target { #expect(target.transport == .tls) }
    }
}

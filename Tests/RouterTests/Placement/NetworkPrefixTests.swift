import Router
import Testing

@Suite struct NetworkPrefixTests {
    @Test(
        arguments: [
            // network, address, whether it is in there
            ("10.1.0.0/16", "10.1.255.255", true),
            ("10.1.0.0/16", "10.2.0.0", false),
            ("10.1.0.0/16", "11.1.0.0", false),
            ("10.1.128.0/17", "10.1.128.0", true),
            ("10.1.128.0/17", "10.1.127.255", false),
            ("10.1.2.64/26", "10.1.2.127", true),
            ("10.1.2.64/26", "10.1.2.128", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("10.1.2.3/31", "10.1.2.2", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("10.0.0.0/8", "::ffff:10.9.9.9", true),
            ("10.0.0.0/8", "::ffff:11.9.9.9", false),
            ("::ffff:10.1.2.3", "10.1.2.3", true),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::/0", "::1", true),
            ("::/0", "10.0.0.1", false),
            ("fe80::/10", "fe80::1%eth0", true),
            ("10.0.0.0/8", "", false),
            ("10.0.0.0/8", "unix:/run/x", false),
        ]
    )
    func membership(network: String, address: String, isMember: Bool) throws {
        let prefix = try #require(NetworkPrefix(network))
        #expect(prefix.contains(address) == isMember)
        #expect(prefix.description == network)
    }

    @Test(
        arguments: [
            "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.0/a",
            "10.0.0/8", "10.0.0.256", "fd00::/129", "fd00:::/8", "localhost", "10.0.0.0/99999999999999999999",
            "10.0.0.0/٨",
        ]
    )
    func whatIsNoNetworkIsNone(text: String) {
        #expect(NetworkPrefix(text) == nil)
    }

    @Test(
        arguments: [
            ("10.1.0.0/16", false), ("10.1.2.0/16", true), ("10.1.128.0/16", true), ("10.1.128.0/17", false),
            ("10.1.2.3", false), ("10.1.2.3/31", true), ("0.0.0.0/0", false), ("1.0.0.0/0", true), ("fd00::/8", false),
            ("fd00::1/64", true),
        ]
    )
    func bitsBehindThePrefixAreNoticed(network: String, expected: Bool) throws {
        #expect(try #require(NetworkPrefix(network)).hasHostBits == expected)
    }
}

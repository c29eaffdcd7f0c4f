import Testing

@testable import RouterCLI

@Suite struct RouterControlTests {
    @Test(
        arguments: [
            (nil, nil, []),
            ("12 % refused", nil, ["route btc: pool X is put aside: 12 % refused"]),
            (
                nil, "12 % refused",
                ["route btc: pool X would be put aside, but it is the last usable one: 12 % refused"]
            ),
            ("12 % refused", "behind", ["route btc: pool X is put aside: 12 % refused"]),
        ] as [(String?, String?, [String])])
    func poolThatIsPutAsideIsAWarning(ejection: String?, panic: String?, warnings: [String]) {
        #expect(RouterControl.warnings("btc", pool: "X", ejection: ejection, panic: panic) == warnings)
    }
}

import Configuration
import Foundation
import PoolPool
import Router
import Testing

/// What is written beside the code says what the code does.
@Suite struct DocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test func everyKeyIsDocumentedAndNoOther() throws {
        let text = try String(contentsOf: Self.root.appending(path: "docs/configuration.md"), encoding: .utf8)
        let documented = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        #expect(documented == ConfigurationReference.keys.map(Self.row))
    }

    /// The line of a key in docs/configuration.md.
    private static func row(_ key: ConfigurationKey) -> String {
        "| `\(key.path)` | \(key.type) | \(key.fallback ?? "**required**") | \(key.meaning) |"
    }

    @Test func starterConfigurationIsValid() throws {
        let service = try Files().load(StarterConfiguration.text)
        #expect(service.warnings.isEmpty)
        #expect(service.routes.first?.pools.map(\.priority) == [1, 1, 2])
    }

    /// What is behind the comment sign can be used by taking that away.
    @Test(arguments: ["pins:", "payout_guard:", "vardiff:", "health:", "keep_shares:"])
    func commentedKeyOfTheStarterConfigurationIsValid(key: String) throws {
        let text = StarterConfiguration.text.replacing("# \(key)", with: key)
        #expect(text != StarterConfiguration.text)
        #expect(try Files().load(text).warnings.isEmpty)
    }

    @Test(arguments: ["failover", "balance", "per-worker", "pinning"])
    func exampleIsValid(name: String) throws {
        let path = Self.root.appending(path: "examples/\(name).yaml").path
        let service = try ConfigurationLoader.load(path: path, environment: [:])
        #expect(service.warnings.isEmpty)
    }
}

import Configuration
import Foundation
import PoolPool
import Router
import Stratum
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

    /// The part of docs/configuration.md about a protocol: from its heading to the next one.
    private static func chapter(_ dialect: any Dialect.Type) throws -> String {
        let text = try String(contentsOf: Self.root.appending(path: "docs/configuration.md"), encoding: .utf8)
        let rest = try #require(text.split(separator: "\n### \(dialect.name)\n", maxSplits: 1).dropFirst().first)
        return String(rest.prefix(upTo: rest.firstRange(of: "\n##")?.lowerBound ?? rest.endIndex))
    }

    @Test func everyProtocolHasAChapterAndNoOther() throws {
        let text = try String(contentsOf: Self.root.appending(path: "docs/configuration.md"), encoding: .utf8)
        let chapters = text.split(separator: "\n").filter { $0.hasPrefix("### ") }.map { String($0.dropFirst(4)) }
        #expect(chapters == DialectRegistry.standard.names)
    }

    @Test(arguments: DialectRegistry.standard.names)
    func everyOptionOfAProtocolIsDocumentedAndNoOther(name: String) throws {
        let dialect = try #require(DialectRegistry.standard[name])
        let chapter = try Self.chapter(dialect)
        let documented = chapter.split(separator: "\n").filter { $0.contains(/^\| (route|pool) \|/) }.map(String.init)
        #expect(documented == dialect.options.map(Self.row))
        #expect(chapter.contains(dialect.summary))
    }

    /// The line of a protocol's option in docs/configuration.md.
    private static func row(_ option: DialectOption) -> String {
        let choices = option.choices.isEmpty ? "text" : option.choices.joined(separator: " or ")
        let fallback = option.defaultValue
        return "| \(option.scope) | `\(option.name)` | \(choices) | \(fallback) | \(option.purpose) |"
    }

    @Test(arguments: DialectRegistry.standard.names)
    func exampleOfAProtocolIsValid(name: String) throws {
        let chapter = try Self.chapter(try #require(DialectRegistry.standard[name]))
        let example = try #require(chapter.firstMatch(of: /```yaml\n((?s).*?)```/))
        let service = try Files().load(String(example.output.1))
        #expect(service.warnings.isEmpty)
        #expect(service.routes.map(\.dialect.name) == [name])
    }

    /// The table that says what a difficulty of 1 takes.
    @Test func unitsOfProtocolsAreThoseOfTheCode() throws {
        let text = try String(contentsOf: Self.root.appending(path: "docs/configuration.md"), encoding: .utf8)
        let units = DialectRegistry.standard.dialects.map { dialect in
            let hashes = (try? dialect.init(DialectOptions()).hashesPerDifficulty) ?? 0
            let thing = dialect.name == "equihash" ? "solutions" : "hashes"
            return hashes == 1 ? "1 hash" : "2\(Self.superscript(hashes.exponent)) \(thing)"
        }
        #expect(text.contains("| a difficulty of 1 takes | \(units.joined(separator: " | ")) |"))
        let starts = DialectRegistry.standard.dialects.map { dialect in
            let start = (try? dialect.init(DialectOptions()).initialDifficulty) ?? 0
            return Int(exactly: start).map(String.init) ?? "no bound"
        }
        #expect(text.contains("the pool's, at most | \(starts.joined(separator: " | ")) |"))
    }

    private static func superscript(_ number: Int) -> String {
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        return String(String(number).compactMap(\.wholeNumberValue).map { digits[$0] })
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

    @Test(arguments: ["failover", "balance", "per-worker", "pinning", "protocols"])
    func exampleIsValid(name: String) throws {
        let path = Self.root.appending(path: "examples/\(name).yaml").path
        let service = try ConfigurationLoader.load(path: path, environment: [:])
        #expect(service.warnings.isEmpty)
    }
}

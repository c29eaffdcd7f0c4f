import Foundation
import Testing

/// Code that a document quotes is the code.
@Suite struct DocumentQuoteTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Without indentation, since a quote has less of it, and without blank lines.
    private static func lines(_ text: some StringProtocol) -> String {
        let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        return "\n" + lines.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
    }

    @Test func guideToProtocolsQuotesItsExample() throws {
        let guide = try String(contentsOf: Self.root.appending(path: "docs/adding-a-protocol.md"), encoding: .utf8)
        let package = Self.root.appending(path: "examples/adding-a-protocol")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: package.path)
            .filter { $0 == "Package.swift" || $0.hasPrefix("Sources/") && $0.hasSuffix(".swift") }
        let sources = try paths.map {
            Self.lines(try String(contentsOf: package.appending(path: $0), encoding: .utf8))
        }
        let quotes = guide.matches(of: /```swift\n(.*?)```/.dotMatchesNewlines()).map { Self.lines($0.output.1) }
        #expect(quotes.count > 10)
        for quote in quotes {
            #expect(sources.contains { $0.contains(quote) }, "\(quote)")
        }
    }
}

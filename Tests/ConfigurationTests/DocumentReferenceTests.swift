import Foundation
import Testing

/// What the documents name is there: files, and tests.
@Suite struct DocumentReferenceTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every document that people read, relative to the root.
    private static let documents = [
        "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/configuration.md", "docs/control-socket.md",
        "docs/decisions.md", "docs/life-of-a-share.md", "docs/operations.md", "docs/protocol-notes.md",
        "docs/protocols.md", "docs/adding-a-protocol.md", "docs/threat-model.md", "docs/tls.md",
        "docs/ledger-format.md",
        "docs/reconcile.md", "docs/performance.md", "examples/systemd/README.md",
    ]

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    @Test func everyDocumentIsInTheList() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "docs").path)
        for file in files where file.hasSuffix(".md") {
            #expect(Self.documents.contains("docs/\(file)"), "docs/\(file)")
        }
    }

    /// `Sources/…` and `Tests/…`, as in "`Sources/Router/Session/ReplyQueue.swift`"; also those of a package in
    /// `examples`.
    @Test(arguments: documents)
    func everyPathInADocumentExists(document: String) throws {
        let path = /(?:examples\/[a-z-]+\/)?(?:Sources|Tests)\/[A-Za-z0-9\/+_.-]*[A-Za-z0-9]/
        for match in try Self.text(document).matches(of: path) {
            let path = String(match.output)
            #expect(FileManager.default.fileExists(atPath: Self.root.appending(path: path).path), "\(path)")
        }
    }

    /// As in "[threat model](docs/threat-model.md)"; addresses of other sites are left alone.
    @Test(arguments: documents)
    func everyLinkInADocumentLeadsSomewhere(document: String) throws {
        let folder = Self.root.appending(path: document).deletingLastPathComponent()
        for match in try Self.text(document).matches(of: /\]\(([^)#:]+)(?:#[^)]*)?\)/) {
            let target = String(match.output.1)
            #expect(FileManager.default.fileExists(atPath: folder.appending(path: target).path), "\(target)")
        }
    }

    /// As in "`LineKindTests.firstBytesTellWhoCalls`".
    @Test(arguments: documents)
    func everyTestInADocumentExists(document: String) throws {
        let named = try Self.text(document).matches(of: /`([A-Z][A-Za-z0-9]*Tests)\.([a-z][A-Za-z0-9]*)`/)
        guard !named.isEmpty else { return }
        let tests = try Self.tests()
        for match in named {
            let (suite, test) = (String(match.output.1), String(match.output.2))
            #expect(tests[suite]?.contains("func \(test)(") == true, "\(suite).\(test)")
        }
    }

    /// The text of each file of tests, by the name of the file.
    private static func tests() throws -> [String: String] {
        var tests: [String: String] = [:]
        let paths = try FileManager.default.subpathsOfDirectory(atPath: Self.root.appending(path: "Tests").path)
        for path in paths where path.hasSuffix("Tests.swift") {
            let name = path.split(separator: "/").last.map { $0.dropLast(".swift".count) } ?? ""
            tests[String(name)] = try Self.text("Tests/\(path)")
        }
        return tests
    }
}

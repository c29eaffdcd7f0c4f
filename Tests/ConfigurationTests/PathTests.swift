import Configuration
import Foundation
import Testing

/// Finding the file, and what single commands need from it.
@Suite struct PathTests {
    @Test func givenPathWinsOverEnvironmentOverStandard() {
        let environment = ["ROUTER_CONFIG": "/e.yaml"]
        #expect(ConfigurationPath.resolve(explicit: "/a.yaml", environment: environment) == "/a.yaml")
        #expect(ConfigurationPath.resolve(explicit: nil, environment: environment) == "/e.yaml")
        #expect(
            ConfigurationPath.resolve(explicit: nil, environment: ["ROUTER_CONFIG": ""]) == "/etc/router/router.yaml"
        )
        #expect(ConfigurationPath.resolve(explicit: nil, environment: [:]) == "/etc/router/router.yaml")
    }

    @Test(arguments: [
        ("ledger: { path: l.sqlite }\ncontrol: { socket: c.sock }", "l.sqlite", "c.sock"),
        (
            "routes: [nonsense]\nledger: &l { path: l.sqlite }\ncolour: red\ncontrol:\n  socket: c.sock\n", "l.sqlite",
            "c.sock"
        ),
    ])
    func sectionIsReadWhateverTheRestSays(text: String, ledger: String, socket: String) throws {
        try withFile(text) { path in
            let folder = path.deletingLastPathComponent().path
            let ledgerPath = try LedgerLocator.path(configFile: path.path, environment: [:])
            #expect(ledgerPath == "\(folder)/\(ledger)")
            let socketPath = try ControlLocator.path(configFile: path.path, environment: [:])
            #expect(socketPath == "\(folder)/\(socket)")
        }
    }

    @Test func absentSectionHasItsDefault() throws {
        try withFile("routes: []") { path in
            let ledgerPath = try LedgerLocator.path(configFile: path.path, environment: [:])
            #expect(ledgerPath == "/var/lib/router/ledger.sqlite")
            let socketPath = try ControlLocator.path(configFile: path.path, environment: [:])
            #expect(socketPath == "/run/router/control.sock")
        }
    }

    @Test func wrongSectionIsReported() throws {
        try withFile("ledger: { pth: x }\ncontrol: [") { path in
            #expect(throws: ConfigurationErrors.self) {
                try LedgerLocator.path(configFile: path.path, environment: [:])
            }
        }
        try withFile("ledger: { pth: x }") { path in
            let errors = #expect(throws: ConfigurationErrors.self) {
                try LedgerLocator.path(configFile: path.path, environment: [:])
            }
            #expect(errors?.description == "\(path.path):1:11: ledger: unknown key \"pth\"; did you mean \"path\"?")
            let socketPath = try ControlLocator.path(configFile: path.path, environment: [:])
            #expect(socketPath == "/run/router/control.sock")
        }
    }

    @Test func missingFileIsToldApart() throws {
        try withFile("") { path in
            let absent = path.path + ".absent"
            let missing = #expect(throws: ConfigurationErrors.self) {
                try ConfigurationLoader.load(path: absent, environment: [:])
            }
            #expect(missing?.isMissingFile == true)
            #expect(missing?.description.hasPrefix("\(absent): there is no such file") == true)
            let folder = #expect(throws: ConfigurationErrors.self) {
                try ConfigurationLoader.load(path: path.deletingLastPathComponent().path, environment: [:])
            }
            #expect(folder?.isMissingFile == false)
            #expect(
                folder?.description.contains("cannot be read: Is a directory") == true, "\(folder?.description ?? "")"
            )
        }
    }

    private func withFile(_ text: String, _ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "router-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "router.yaml")
        try Data(text.utf8).write(to: file)
        try body(file)
    }
}

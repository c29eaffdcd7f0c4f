import ArgumentParser
import Configuration

/// `router-cli init`
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Print a commented configuration to start from.",
        discussion: """
            It goes to standard output and is valid as it stands; no file is written.

            Example:
              router-cli init > router.yaml
            """
    )

    func run() async throws {
        var output = StandardOutput()
        try output.write(StarterConfiguration.text)
        try output.flush()
    }
}

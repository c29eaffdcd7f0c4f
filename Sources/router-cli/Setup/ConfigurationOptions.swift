import ArgumentParser
import Configuration
import Foundation

/// The `--config` option of the commands that need the whole configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The configuration. Default: $ROUTER_CONFIG, else /etc/router/router.yaml.",
            valueName: "file"
        )
    )
    var config: String?

    /// The file that is meant.
    var path: String { ConfigurationPath.resolve(explicit: self.config) }

    /// Loads the file. All that is wrong with it goes to stderr, and the exit code is thrown.
    func load() throws(ExitCode) -> ServiceConfiguration {
        do {
            return try ConfigurationLoader.load(
                path: self.path,
                environment: ProcessInfo.processInfo.environment,
                dialects: RouterProgram.dialects
            )
        } catch {
            printToStandardError(error.description)
            throw error.isMissingFile ? ExitStatus.noInput : ExitStatus.configuration
        }
    }
}

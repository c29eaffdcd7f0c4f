import ArgumentParser
import Configuration
import ControlAPI

/// Where the running router is found; shared by all commands that speak to it.
struct ControlOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The router's control socket.", valueName: "path"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "The router's configuration, which names the socket. Default: $ROUTER_CONFIG, else /etc/router/router.yaml.",
            valueName: "file"
        )
    )
    var config: String?

    func validate() throws {
        if self.socket != nil, self.config != nil {
            throw ValidationError("Give either --socket or --config, not both.")
        }
    }

    /// Asks the running router. What goes wrong is said on stderr and ends the command with its exit code.
    func ask<Result>(_ question: (ControlClient) async throws -> Result) async throws -> Result {
        let client = ControlClient(socketPath: try self.socketPath())
        do {
            return try await question(client)
        } catch let error as ControlClientError {
            throw Self.fail("\(error)", error.exitCode)
        }
    }

    private func socketPath() throws(ExitCode) -> String {
        if let socket = self.socket { return socket }
        do {
            return try ControlLocator.path(configFile: ConfigurationPath.resolve(explicit: self.config))
        } catch {
            throw Self.fail("\(error)", error.isMissingFile ? ExitStatus.noInput : ExitStatus.configuration)
        }
    }

    private static func fail(_ message: String, _ code: ExitCode) -> ExitCode {
        printToStandardError(message)
        return code
    }
}

/// The `--route` option of the lists.
struct RouteOption: ParsableArguments {
    @Option(help: ArgumentHelp("Only this route.", valueName: "name"))
    var route: String?
}

extension ControlClientError {
    /// 1 if the router said no, else 69: it cannot be spoken to.
    fileprivate var exitCode: ExitCode {
        switch self {
        case .refused: ExitStatus.no
        case .notRunning, .noPermission, .timedOut, .broken: ExitStatus.unavailable
        }
    }
}

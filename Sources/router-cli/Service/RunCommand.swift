import ArgumentParser
import Configuration
import ControlAPI
import Foundation
import Logging
import Persistence
import PoolPool
import Router
import ServiceLifecycle
import UnixSignals

/// `router-cli run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the router in the foreground.",
        discussion: """
            Logs go to standard error. SIGTERM and SIGINT stop it: no new shares are taken, verdicts on those sent are \
            waited for (at most 10 s), the ledger is flushed. SIGHUP reloads pools, priorities, weights and health \
            settings. Exit codes: 0 stopped as asked, 1 an address or the ledger is in use, 66 no such configuration \
            file, 78 the configuration is wrong or something it names cannot be opened.

            Example:
              router-cli run --config /etc/router/router.yaml
            """
    )

    @OptionGroup var options: ConfigurationOptions

    @Flag(name: .shortAndLong, help: "Log warnings and errors only.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Log what happens to every connection.")
    var verbose = false

    func validate() throws {
        if self.quiet, self.verbose { throw ValidationError("--quiet and --verbose exclude each other.") }
    }

    func run() async throws {
        HeapSettings.apply()
        let configuration = try self.options.load()
        let logger = self.makeLogger(configuration.log)
        for warning in configuration.warnings { logger.warning("\(warning)") }
        let notifier = ServiceNotifier(
            environment: ProcessInfo.processInfo.environment,
            processID: ProcessInfo.processInfo.processIdentifier
        )
        let assembly: RouterAssembly
        do {
            assembly = try await RouterAssembly.open(configuration, logger: logger)
        } catch {
            logger.critical("cannot start: \(error)")
            throw Self.isTemporary(error) ? ExitStatus.no : ExitStatus.configuration
        }
        assembly.control.setWarnings(configuration.warnings.map(\.description))
        logger.notice("ready", metadata: ["version": .string(ProgramVersion.number)])
        notifier.ready()
        let watchdog = WatchdogService(notifier: notifier) { [control = assembly.control] in
            !(await control.status().routes.isEmpty)
        }
        let services: [any Service] =
            assembly.services + [
                watchdog,
                StatusNotice(notifier: notifier, control: assembly.control),
                Reloader(
                    options: self.options, assembly: assembly, running: configuration, notifier: notifier,
                    logger: logger),
            ]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        try await withGracefulStopNotice(notifier, logger) { try await group.run() }
        logger.notice("stopped")
    }

    /// True for what may be gone at the next attempt, which a service manager should then make.
    private static func isTemporary(_ error: any Error) -> Bool {
        switch error {
        case LedgerError.locked, ControlServerError.inUse, ControlServerError.http: true
        default: error is ListenerError
        }
    }

    private func makeLogger(_ settings: LogSettings) -> Logger {
        var level = Logger.Level(rawValue: settings.level.rawValue) ?? .info
        if self.quiet { level = .warning }
        if self.verbose { level = min(level, .debug) }
        let chosen = level
        return Logger(label: "router") { LogOutput(label: $0, level: chosen, format: settings.format) }
    }

    private func withGracefulStopNotice(
        _ notifier: ServiceNotifier,
        _ logger: Logger,
        _ body: () async throws -> Void
    ) async throws {
        defer { notifier.stopping() }
        try await body()
    }
}

/// Shows systemd in one line what the router does.
private struct StatusNotice: Service {
    let notifier: ServiceNotifier
    let control: RouterControl

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let status = await self.control.status()
                let sessions = status.routes.reduce(0) { $0 + $1.sessions }
                let pools = status.routes.flatMap(\.activePools)
                let place = pools.isEmpty ? "no pool" : pools.joined(separator: ", ")
                self.notifier.status(
                    "\(sessions) sessions on \(place)" + (status.warnings.first.map { "; \($0)" } ?? ""))
                try? await Task.sleep(for: .seconds(10))
            }
        }
        self.notifier.stopping()
    }
}

/// Reloads the configuration on SIGHUP. A file with mistakes changes nothing.
private struct Reloader: Service {
    let options: ConfigurationOptions
    let assembly: RouterAssembly
    let running: ServiceConfiguration
    let notifier: ServiceNotifier
    let logger: Logger

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        await cancelWhenGracefulShutdown {
            for await _ in signals {
                self.notifier.reloading()
                await self.reload()
                self.notifier.ready()
            }
        }
    }

    private func reload() async {
        let new: ServiceConfiguration
        do {
            new = try ConfigurationLoader.load(
                path: self.options.path,
                environment: ProcessInfo.processInfo.environment,
                dialects: RouterProgram.dialects
            )
        } catch {
            for problem in error.problems { self.logger.error("reload refused: \(problem)") }
            return
        }
        for warning in new.warnings { self.logger.warning("\(warning)") }
        self.assembly.connector.reloadAuthorities()
        self.assembly.control.setWarnings(new.warnings.map(\.description))
        for route in self.assembly.routes {
            guard let configuration = new.routes.first(where: { $0.name == route.name }) else {
                self.logger.warning(
                    "route is no longer configured: it stays until a restart", metadata: ["route": .string(route.name)])
                continue
            }
            let old = self.running.routes.first { $0.name == route.name }
            if old?.versionMask != configuration.versionMask {
                self.logger.warning(
                    "a changed version_mask takes effect at a restart",
                    metadata: ["route": .string(route.name)]
                )
            }
            if old?.dialect != configuration.dialect {
                self.logger.warning(
                    "a changed protocol, or options of it, take effect at a restart",
                    metadata: ["route": .string(route.name)]
                )
            }
            if old?.listeners != configuration.listeners {
                self.logger.warning(
                    "changed listeners take effect at a restart", metadata: ["route": .string(route.name)])
            }
            await route.update(configuration)
        }
        for route in new.routes where !self.assembly.routes.contains(where: { $0.name == route.name }) {
            self.logger.warning("a new route takes effect at a restart", metadata: ["route": .string(route.name)])
        }
        if new.ledger != self.running.ledger || new.control != self.running.control || new.log != self.running.log
            || new.threads != self.running.threads
        {
            self.logger.warning("changes of ledger, control, log and threads take effect at a restart")
        }
        self.logger.notice("configuration reloaded")
    }
}

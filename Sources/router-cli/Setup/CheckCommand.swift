import ArgumentParser
import Configuration
import ControlAPI
import Foundation
import NIOPosix
import Persistence
import PoolPool
import Router
import Stratum

/// `router-cli check`
struct CheckCommand: AsyncParsableCommand {
    /// How the plan is shown.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table
        /// One object.
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a configuration and show who gets what share of the work.",
        discussion: """
            Every mistake is reported with its line and column, and nothing is started. SHARE is a pool's part of the \
            work while its priority carries the load and all enabled pools of that priority are usable. Warnings, on \
            standard error, do not make the configuration unusable. Passwords are never shown. With --connect each \
            enabled pool is tried once: connection, subscribe, authorise, first job; a pool whose user depends on the \
            miner is only subscribed to unless --login names one. Exit codes: 0 the configuration is good, 1 a pool did \
            not answer as it should, 66 there is no such file, 78 the configuration has mistakes.

            Example:
              router-cli check --config router.yaml --connect
            """
    )

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "How to show the plan.")
    var format = Format.table

    @Flag(help: "Try each enabled pool as well.")
    var connect = false

    @Option(help: "The miner's login to try pools with whose user has {user} or {worker} in it.")
    var login: String?

    func run() async throws {
        let configuration = try self.options.load()
        if let path = configuration.ledger.sealKey {
            do {
                _ = try SealKey.load(path: path)
            } catch {
                printToStandardError("\(error)")
                throw ExitStatus.configuration
            }
            if SealKey.isExposed(path: path) { printToStandardError("warning: \(SealKey.exposure(path: path))") }
        }
        let plan = ConfigurationPlan(configuration)
        var output = StandardOutput()
        switch self.format {
        case .table:
            try output.write(PlanText.render(plan))
            for warning in plan.warnings { printToStandardError("warning: \(warning)") }
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try output.write(String(decoding: encoder.encode(plan), as: UTF8.self) + "\n")
        }
        try output.flush()
        if self.connect, !(await self.tryPools(of: configuration)) { throw ExitStatus.no }
    }

    /// Tries each enabled pool, a line each on stderr; true if all of them work.
    private func tryPools(of configuration: ServiceConfiguration) async -> Bool {
        var allWork = true
        for route in configuration.routes {
            for pool in route.pools where pool.enabled {
                let user = pool.isPerWorker ? self.login.map(pool.upstreamUser(login:)) : pool.user
                do {
                    let result = try await PoolTrial.run(
                        pool,
                        user: user,
                        dialect: route.dialect.dialect,
                        health: route.health,
                        versionMask: route.versionMask,
                        userAgent: ProgramVersion.userAgent,
                        on: MultiThreadedEventLoopGroup.singleton.next()
                    )
                    printToStandardError("\(route.name)/\(pool.name): \(Self.describe(result, route.dialect.dialect))")
                } catch {
                    allWork = false
                    printToStandardError("\(route.name)/\(pool.name): FAILED: \(error)")
                }
            }
        }
        return allWork
    }

    private static func describe(_ result: PoolTrial.Result, _ dialect: any Dialect) -> String {
        var text = result.terms.isEmpty ? "works" : "works, \(result.terms)"
        if let difficulty = result.difficulty { text += ", difficulty \(HumanUnits.scaled(difficulty))" }
        if let mask = result.versionMask {
            if mask != 0 { text += ", version mask \(String(mask, radix: 16))" }
        } else {
            text += " (subscribed only: --login NAME tries to authorise)"
        }
        if let room = result.room, dialect.layout(rooms: [room]) == nil {
            text += "; its nonce space is too small to be shared"
        }
        return text
    }
}

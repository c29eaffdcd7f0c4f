import ArgumentParser
import ControlAPI
import Foundation
import Logging
import NIOCore
import NIOPosix
import Persistence
import ServiceLifecycle
import Simulation
import UnixSignals

/// `router-cli demo`
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract:
            "See it work: two built-in pools, a dozen miners that really hash, and a pool that dies again and again.",
        discussion: """
            Needs no configuration and no internet. The ledger and the control socket are in a temporary folder, which \
            stays for a look with the other commands. The primary pool is killed and revived in turn. No miner is \
            disconnected, but for those whose protocol lets them go to another pool only by a new connection: some of \
            equihash and ethash. Ends with Ctrl-C or after --for, with a summary from the ledger. RandomX, Ethash and \
            Equihash 200,9 are too heavy for a demonstration: the miners of cryptonote and ethash compute SHA-256 \
            instead, those of equihash solve 48,5.

            Example:
              router-cli demo --for 60s
            Example: miners of Zcash
              router-cli demo --protocol equihash
            """
    )

    @Option(name: .customLong("for"), help: "End after this long, such as 60s or 5m. Default: until Ctrl-C.")
    var duration: DemoDuration?

    @Option(name: .customLong("protocol"), help: ArgumentHelp("What pools and miners speak.", valueName: "name"))
    var spoken = DemoProtocol.bitcoin

    @Option(help: "Number of miners.")
    var miners = 12

    func validate() throws {
        guard (1...200).contains(self.miners) else { throw ValidationError("--miners takes 1 to 200.") }
    }

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "router-demo-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let world = try await DemoWorld.start(self.spoken, miners: self.miners, folder: folder)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: world.assembly.services.map { .init(service: $0) } + [
                    .init(
                        service: DemoStage(world: world, duration: self.duration?.value),
                        successTerminationBehavior: .gracefullyShutdownGroup
                    )
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        try await group.run()
        let adds = try await DemoSummary.print(world)
        try? await world.assembly.group.shutdownGracefully()
        if !adds { throw ExitStatus.no }
    }
}

/// A duration on the command line: `60s`, `5m`, `1h`.
struct DemoDuration: ExpressibleByArgument {
    let value: Duration

    init?(argument: String) {
        guard let unit = argument.last, let number = Int(argument.dropLast()), (1...86_400).contains(number) else {
            return nil
        }
        switch unit {
        case "s": self.value = .seconds(number)
        case "m": self.value = .seconds(number * 60)
        case "h" where number <= 24: self.value = .seconds(number * 3600)
        default: return nil
        }
    }
}

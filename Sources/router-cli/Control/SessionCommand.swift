import ArgumentParser
import ControlAPI

/// `router-cli session …`
struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "Act on one connected miner of the running router.",
        discussion: """
            Example:
              router-cli session kick 17
            """,
        subcommands: [Kick.self]
    )

    /// `router-cli session kick`
    struct Kick: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "kick",
            abstract: "Close a miner's connection; most miners come back at once.",
            discussion: """
                Example:
                  router-cli session kick 17
                """
        )

        @Argument(help: "The session's id, from `router-cli sessions`.")
        var id: Int64

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let done = try await self.control.ask { try await $0.kick(session: self.id) }
            print(done.message.printable())
        }
    }
}

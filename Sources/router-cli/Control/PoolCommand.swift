import ArgumentParser
import ControlAPI

/// `router-cli pool …`
struct PoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool",
        abstract: "Put a pool of the running router aside, or take it back.",
        discussion: """
            Holds until the router is restarted; the configuration is not changed.

            Example:
              router-cli pool drain primary
            """,
        subcommands: [Drain.self, Enable.self, Disable.self]
    )

    /// `router-cli pool drain`
    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drain",
            abstract: "Move the miners away from a pool, wait for its verdicts, then disconnect.",
            discussion: """
                Example:
                  router-cli pool drain primary
                """
        )

        @OptionGroup var pool: PoolArguments

        func run() async throws {
            try await self.pool.set(.drain)
        }
    }

    /// `router-cli pool enable`
    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "enable",
            abstract: "Take a pool back that was drained or disabled.",
            discussion: """
                Example:
                  router-cli pool enable primary
                """
        )

        @OptionGroup var pool: PoolArguments

        func run() async throws {
            try await self.pool.set(.enable)
        }
    }

    /// `router-cli pool disable`
    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "disable",
            abstract: "Move the miners away from a pool and disconnect from it at once.",
            discussion: """
                Example:
                  router-cli pool disable primary
                """
        )

        @OptionGroup var pool: PoolArguments

        func run() async throws {
            try await self.pool.set(.disable)
        }
    }

    /// What the subcommands of `pool` take.
    struct PoolArguments: ParsableArguments {
        @Argument(help: "The pool's name in the configuration.")
        var name: String

        @OptionGroup var control: ControlOptions

        /// Has it done and prints what was done.
        func set(_ action: PoolAction) async throws {
            let done = try await self.control.ask { try await $0.setPool(self.name, action) }
            print(done.message.printable())
        }
    }
}

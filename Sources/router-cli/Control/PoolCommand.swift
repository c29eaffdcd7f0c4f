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
                Sessions leave a few at a time, with a clean job where they can. At the end of the time the rest goes at \
                once. Shares under way are settled, then the link closes. The command itself returns at once; \
                `router-cli pools` shows how far it is. Refused if the miners had no other usable pool.

                Example:
                  router-cli pool drain primary
                  router-cli pool drain primary --within 5m
                """
        )

        @OptionGroup var pool: PoolArguments

        @Option(
            help: ArgumentHelp(
                "How long the sessions may take to leave: 60s, 5m, at most 1d; 0s moves all at once. Default: 30s.",
                valueName: "time"
            ),
            transform: Self.time
        )
        var within: Duration?

        func run() async throws {
            try await self.pool.set(.drain, within: self.within)
        }

        private static func time(_ text: String) throws -> Duration {
            let time = Duration.milliseconds(try StatementOptions.duration(text))
            guard time <= ControlRequest.maximumDrainTime else {
                throw ValidationError("--within must not be longer than 1d.")
            }
            return time
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
        func set(_ action: PoolAction, within: Duration? = nil) async throws {
            let done = try await self.control.ask {
                try await $0.setPool(self.name, action, within: within ?? ControlRequest.drainTime)
            }
            print(done.message.printable())
        }
    }
}

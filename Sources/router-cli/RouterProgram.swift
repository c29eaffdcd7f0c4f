import ArgumentParser
public import Stratum
import Synchronization

/// The program as a library, for those who build their own with a dialect of theirs.
///
/// ```swift
/// @main enum Main {
///     static func main() async { await RouterProgram.run(dialects: .standard.adding([MyDialect.self])) }
/// }
/// ```
public enum RouterProgram {
    private static let known = Mutex(DialectRegistry.standard)

    /// What routes may speak. Commands of the command line are made by their parser, so that nothing can be handed to them.
    static var dialects: DialectRegistry { self.known.withLock { $0 } }

    /// Runs the command that the arguments of the process name, and ends the process with its status if it fails.
    public static func run(dialects: DialectRegistry = .standard) async {
        self.known.withLock { $0 = dialects }
        await RouterCommand.main()
    }
}

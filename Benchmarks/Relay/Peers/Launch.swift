import CRelay
import Foundation

/// How the programs that take part are started: this program, started again, becomes the other one, on its core, and bound to
/// end with the benchmark however that ends.
enum Launch {
    static let command = "launch"

    /// Where this program is.
    static var ourselves: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    /// What to run ``ourselves`` with so that it becomes the program that `words` begin with; where this program runs if
    /// that is nil, on all cores if it is -1.
    static func arguments(_ words: [String], core: Int?) -> [String] {
        [self.command, "\(getpid())", core.map(String.init) ?? "any"] + words
    }

    /// The other side of ``arguments(_:core:)``, without its first word.
    static func become(_ words: [String]) -> Never {
        guard words.count > 2, let parent = Int32(words[0]) else { give(up: "nothing to launch") }
        if relay_end_with(parent) != 0 { exit(1) }
        if let core = Int32(words[1]), relay_pin(core) != 0 { give(up: "cannot keep \(words[2]) on core \(core)") }
        // What is ignored or blocked stays so.
        signal(SIGPIPE, SIG_DFL)
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        var arguments = words.dropFirst(2).map { strdup($0) }
        arguments.append(nil)
        execvp(words[2], arguments)
        give(up: "cannot run \(words[2]): \(String(cString: strerror(errno)))")
    }
}

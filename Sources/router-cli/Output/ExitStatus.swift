import ArgumentParser

/// The exit codes that are promised to users.
enum ExitStatus {
    /// The answer is no.
    static let no = ExitCode(1)
    /// The command line is wrong (EX_USAGE).
    static let usage = ExitCode(64)
    /// No such file (EX_NOINPUT).
    static let noInput = ExitCode(66)
    /// The router is not running (EX_UNAVAILABLE).
    static let unavailable = ExitCode(69)
    /// The result cannot be written (EX_IOERR).
    static let output = ExitCode(74)
    /// Whoever read the result has gone: as if ended by SIGPIPE, which shells count as 128 and 13.
    static let brokenPipe = ExitCode(141)
    /// The configuration is wrong (EX_CONFIG).
    static let configuration = ExitCode(78)
}

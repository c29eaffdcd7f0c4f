/// Why a request was not done, as the control socket says it.
package struct ControlError: Error, Codable, Sendable, Equatable, CustomStringConvertible {
    /// What a program can rely on. A struct, so that an older client survives a newer code.
    package struct Code: RawRepresentable, Codable, Sendable, Hashable {
        package var rawValue: String

        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The line is no JSON object, or a field is missing, unknown or of the wrong type.
        package static let badRequest = Code(rawValue: "bad_request")
        package static let unknownCommand = Code(rawValue: "unknown_command")
        /// No such route, pool or session.
        package static let notFound = Code(rawValue: "not_found")
        /// Understood, but it cannot be done now.
        package static let refused = Code(rawValue: "refused")
        /// The line is too long; the connection is closed after this.
        package static let tooLong = Code(rawValue: "too_long")
        /// The connection is closed after this.
        package static let tooManyConnections = Code(rawValue: "too_many_connections")
        /// The router could not put its answer into words.
        package static let `internal` = Code(rawValue: "internal")
    }

    package var code: Code
    /// For people.
    package var message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }
}

package import Foundation

/// One request on the control socket.
package enum ControlRequest: Sendable, Equatable {
    case status
    /// All routes if nil.
    case pools(route: String?)
    case workers(route: String?)
    case sessions(route: String?)
    case explain(worker: String, route: String?)
    /// `within` is how long a drain may take.
    case setPool(name: String, action: PoolAction, within: Duration = drainTime)
    case kick(session: Int64)

    /// How long a drain may take if the request does not say.
    package static let drainTime = Duration.seconds(30)
    /// How long a drain may take at most.
    package static let maximumDrainTime = Duration.seconds(86_400)

    /// Every value of `command`, in the order of the documentation.
    package static let commands = [
        "status", "pools", "workers", "sessions", "explain", "pool_drain", "pool_enable", "pool_disable",
        "session_kick",
    ]

    /// Reads a line, without its line feed.
    package init(line: Data) throws(ControlError) {
        var fields = try Fields(line: line)
        guard let command = try fields.takeString("command") else {
            throw ControlError(code: .badRequest, message: "`command` is missing; \(Self.knownCommands)")
        }
        switch command {
        case "status": self = .status
        case "pools": self = .pools(route: try fields.takeString("route"))
        case "workers": self = .workers(route: try fields.takeString("route"))
        case "sessions": self = .sessions(route: try fields.takeString("route"))
        case "explain": self = .explain(worker: try fields.takeWorker(), route: try fields.takeString("route"))
        case "pool_drain":
            self = .setPool(name: try fields.takeName(), action: .drain, within: try fields.takeDrainTime())
        case "pool_enable": self = .setPool(name: try fields.takeName(), action: .enable)
        case "pool_disable": self = .setPool(name: try fields.takeName(), action: .disable)
        case "session_kick": self = .kick(session: try fields.takeID())
        default:
            throw ControlError(
                code: .unknownCommand,
                message: "`\(command.printable(limit: 40))` is no command; \(Self.knownCommands)"
            )
        }
        try fields.expectEmpty(command: command)
    }

    private static var knownCommands: String {
        "known are \(Self.commands.joined(separator: ", "))"
    }

    /// The request as a line, without its line feed.
    package func line() throws -> Data {
        var fields = Wire()
        switch self {
        case .status:
            fields.command = "status"
        case .pools(let route):
            fields.command = "pools"
            fields.route = route
        case .workers(let route):
            fields.command = "workers"
            fields.route = route
        case .sessions(let route):
            fields.command = "sessions"
            fields.route = route
        case .explain(let worker, let route):
            fields.command = "explain"
            fields.worker = worker
            fields.route = route
        case .setPool(let name, let action, let within):
            fields.command = "pool_\(action.rawValue)"
            fields.name = name
            if action == .drain { fields.withinSeconds = within / .seconds(1) }
        case .kick(let session):
            fields.command = "session_kick"
            fields.id = session
        }
        return try ControlCoding.encode(fields)
    }

    private struct Wire: Encodable {
        var command = ""
        var route: String?
        var worker: String?
        var name: String?
        var withinSeconds: Double?
        var id: Int64?
    }
}

/// The members of a request that nobody has asked for yet.
private struct Fields {
    /// A member's value, as far as a request can use it.
    private enum Value: Decodable {
        case string(String)
        case integer(Int64)
        case number(Double)
        case null
        case other

        init(from decoder: any Decoder) {
            guard let container = try? decoder.singleValueContainer() else {
                self = .other
                return
            }
            if container.decodeNil() {
                self = .null
            } else if let string = try? container.decode(String.self) {
                self = .string(string)
            } else if let integer = try? container.decode(Int64.self) {
                self = .integer(integer)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .other
            }
        }
    }

    private var values: [String: Value]

    init(line: Data) throws(ControlError) {
        do {
            self.values = try JSONDecoder().decode([String: Value].self, from: line)
        } catch {
            throw ControlError(
                code: .badRequest,
                message: "a request is one JSON object on a line, such as {\"command\":\"status\"}"
            )
        }
    }

    /// Nil if the member is missing or null.
    mutating func takeString(_ key: String) throws(ControlError) -> String? {
        switch self.values.removeValue(forKey: key) {
        case .none, .null: return nil
        case .string(let string): return string
        case .integer, .number, .other: throw ControlError(code: .badRequest, message: "`\(key)` must be a string")
        }
    }

    mutating func takeName() throws(ControlError) -> String {
        guard let name = try self.takeString("name") else {
            throw ControlError(code: .badRequest, message: "`name` is missing: the name of a pool")
        }
        return name
    }

    mutating func takeWorker() throws(ControlError) -> String {
        guard let worker = try self.takeString("worker") else {
            throw ControlError(code: .badRequest, message: "`worker` is missing: the login of a connected miner")
        }
        return worker
    }

    mutating func takeDrainTime() throws(ControlError) -> Duration {
        let seconds: Double
        switch self.values.removeValue(forKey: "within_seconds") {
        case .none, .null: return ControlRequest.drainTime
        case .integer(let integer): seconds = Double(integer)
        case .number(let number): seconds = number
        case .string, .other: seconds = .nan
        }
        let maximum = ControlRequest.maximumDrainTime / .seconds(1)
        guard (0...maximum).contains(seconds) else {
            throw ControlError(
                code: .badRequest,
                message: "`within_seconds` must be a number from 0 to \(Int(maximum))"
            )
        }
        return .seconds(seconds)
    }

    mutating func takeID() throws(ControlError) -> Int64 {
        guard case .integer(let id) = self.values.removeValue(forKey: "id") else {
            throw ControlError(
                code: .badRequest, message: "`id` must be there and be a whole number: that of a session")
        }
        return id
    }

    func expectEmpty(command: String) throws(ControlError) {
        guard let key = self.values.keys.min() else { return }
        throw ControlError(
            code: .badRequest,
            message: "`\(command)` knows no `\(key.printable(limit: 40))`"
        )
    }
}

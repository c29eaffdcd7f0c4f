package import Foundation

/// Does requests and words the answers; knows no connection.
package struct ControlResponder: Sendable {
    private let target: any ControlTarget

    package init(target: any ControlTarget) {
        self.target = target
    }

    /// What a request came to. Encoded as the bare report, list or `{"message":…}`.
    package enum Answer: Encodable, Sendable, Equatable {
        case status(StatusReport)
        case pools([PoolReport])
        case workers([WorkerReport])
        case sessions([SessionReport])
        case explanations([ExplanationReport])
        case done(ControlDone)

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .status(let report): try container.encode(report)
            case .pools(let reports): try container.encode(reports)
            case .workers(let reports): try container.encode(reports)
            case .sessions(let reports): try container.encode(reports)
            case .explanations(let reports): try container.encode(reports)
            case .done(let done): try container.encode(done)
            }
        }
    }

    package func answer(_ request: ControlRequest) async throws(ControlError) -> Answer {
        switch request {
        case .status:
            return .status(await self.target.status())
        case .pools(let route):
            try await self.checkRoute(route)
            return .pools(await self.target.pools(route: route))
        case .workers(let route):
            try await self.checkRoute(route)
            return .workers(await self.target.workers(route: route))
        case .sessions(let route):
            try await self.checkRoute(route)
            return .sessions(await self.target.sessions(route: route))
        case .explain(let worker, let route):
            try await self.checkRoute(route)
            let explanations = await self.target.explain(worker: worker, route: route)
            guard explanations.isEmpty else { return .explanations(explanations) }
            let connected = await self.target.sessions(route: route).compactMap(\.worker)
            throw Self.noSession(of: worker, connected: connected)
        case .setPool(let name, let action, let within):
            switch await self.target.setPool(name, action, within: within) {
            case .done(let message):
                return .done(ControlDone(message: message))
            case .notFound:
                let names = await self.target.pools(route: nil).map(\.name)
                throw Self.notFound("pool", name, known: names)
            case .refused(let reason):
                throw ControlError(code: .refused, message: reason)
            }
        case .kick(let session):
            switch await self.target.kick(session: session) {
            case .done(let message):
                return .done(ControlDone(message: message))
            case .notFound:
                throw ControlError(code: .notFound, message: "there is no session \(session)")
            case .refused(let reason):
                throw ControlError(code: .refused, message: reason)
            }
        }
    }

    /// The reply to one line of the control socket; both without a line feed.
    package func reply(to line: Data) async -> Data {
        do {
            let answer = try await self.answer(ControlRequest(line: line))
            return try ControlCoding.encode(ControlReply(ok: true, result: answer))
        } catch let error as ControlError {
            return Self.failure(error)
        } catch {
            return Self.failure(ControlError(code: .internal, message: "the answer cannot be written: \(error)"))
        }
    }

    /// A reply that says no, without a line feed.
    static func failure(_ error: ControlError) -> Data {
        (try? ControlCoding.encode(ControlReply<Answer>(ok: false, error: error))) ?? Data(#"{"ok":false}"#.utf8)
    }

    private func checkRoute(_ route: String?) async throws(ControlError) {
        guard let route else { return }
        let known = await self.target.status().routes.map(\.name)
        guard known.contains(route) else { throw Self.notFound("route", route, known: known) }
    }

    private static func noSession(of worker: String, connected: [String]) -> ControlError {
        var message = "no worker `\(worker.printable(limit: 80))` is connected"
        if connected.contains(worker) {
            message = "`\(worker.printable(limit: 80))` is connected and has not been placed yet"
        } else {
            let similar = SimilarNames.find(worker, among: connected, limit: 5).map { $0.printable(limit: 80) }
            if !similar.isEmpty { message += "; there are similar ones: \(similar.joined(separator: ", "))" }
        }
        return ControlError(code: .notFound, message: message)
    }

    private static func notFound(_ kind: String, _ name: String, known: [String]) -> ControlError {
        let list = known.isEmpty ? "there is none" : "there are \(known.joined(separator: ", "))"
        return ControlError(code: .notFound, message: "no \(kind) is named `\(name.printable(limit: 80))`; \(list)")
    }
}

/// The result of a command that changed something.
package struct ControlDone: Codable, Sendable, Equatable {
    /// One sentence for the operator.
    package var message: String
}

/// The frame of every reply on the control socket: `result` if `ok`, else `error`.
struct ControlReply<Result> {
    var ok: Bool
    var result: Result?
    var error: ControlError?
}

extension ControlReply: Encodable where Result: Encodable {}
extension ControlReply: Decodable where Result: Decodable {}

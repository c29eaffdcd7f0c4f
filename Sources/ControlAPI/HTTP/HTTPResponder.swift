package import Foundation
package import NIOHTTP1

/// An HTTP answer before it is put on a wire.
package struct HTTPAnswer: Sendable, Equatable {
    package var status: HTTPResponseStatus
    package var contentType: String
    package var body: Data
    /// For a 405: what is allowed.
    package var allow: String?

    static func text(_ status: HTTPResponseStatus, _ text: String) -> HTTPAnswer {
        HTTPAnswer(status: status, contentType: "text/plain; charset=utf-8", body: Data((text + "\n").utf8))
    }
}

/// Answers the read-only HTTP interface; knows no connection.
package struct HTTPResponder: Sendable {
    private let responder: ControlResponder

    package init(responder: ControlResponder) {
        self.responder = responder
    }

    /// - Parameter uri: as in the request line, path and query.
    package func answer(method: HTTPMethod, uri: String) async -> HTTPAnswer {
        guard method == .GET else {
            var answer = HTTPAnswer.text(.methodNotAllowed, "only GET is known here")
            answer.allow = "GET"
            return answer
        }
        guard let components = URLComponents(string: uri) else { return .text(.badRequest, "the path cannot be read") }
        // A value that cannot be read must not mean all routes.
        let value = { (name: String) in components.queryItems?.first { $0.name == name }.map { $0.value ?? "" } }
        let route = value("route")
        switch components.path {
        case "/healthz": return await self.health()
        case "/metrics": return await self.metrics()
        case "/status": return await self.json(.status)
        case "/pools": return await self.json(.pools(route: route))
        case "/workers": return await self.json(.workers(route: route))
        case "/sessions": return await self.json(.sessions(route: route))
        case "/explain":
            guard let worker = value("worker") else {
                return .text(.badRequest, "`worker` is missing: /explain?worker=NAME")
            }
            return await self.json(.explain(worker: worker, route: route))
        default:
            return .text(.notFound, "there are /healthz, /status, /pools, /workers, /sessions, /explain and /metrics")
        }
    }

    private func health() async -> HTTPAnswer {
        do {
            guard case .status(let status) = try await self.responder.answer(.status) else {
                return .text(.internalServerError, "no status")
            }
            let faults = status.faults
            guard faults.isEmpty else { return .text(.serviceUnavailable, faults.joined(separator: "\n")) }
            return .text(.ok, "ok")
        } catch {
            return .text(.internalServerError, error.message)
        }
    }

    private func metrics() async -> HTTPAnswer {
        do {
            guard case .status(let status) = try await self.responder.answer(.status),
                case .pools(let pools) = try await self.responder.answer(.pools(route: nil))
            else { return .text(.internalServerError, "no status") }
            return HTTPAnswer(
                status: .ok,
                contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: Data(MetricsPage.render(status: status, pools: pools).utf8)
            )
        } catch {
            return .text(.internalServerError, error.message)
        }
    }

    private func json(_ request: ControlRequest) async -> HTTPAnswer {
        do {
            let answer = try await self.responder.answer(request)
            return HTTPAnswer(
                status: .ok,
                contentType: "application/json",
                body: try ControlCoding.encode(answer) + [UInt8(ascii: "\n")]
            )
        } catch let error as ControlError {
            return .text(error.code == .notFound ? .notFound : .internalServerError, error.message)
        } catch {
            return .text(.internalServerError, "the answer cannot be written: \(error)")
        }
    }
}

extension StatusReport {
    /// Why the router is not healthy; empty while at least one route has a usable pool and the ledger is healthy.
    package var faults: [String] {
        var faults: [String] = []
        if !self.routes.contains(where: { $0.poolsUsable > 0 }) {
            faults.append("no route has a usable pool")
        }
        if self.ledger.state != .healthy {
            faults.append("the ledger is \(self.ledger.state): \(self.ledger.lastError ?? "no reason known")")
        }
        return faults
    }
}

import NIOCore
import NIOPosix
import Stratum

@testable import PoolPool

/// How a connection fared until something final happened to it.
enum ConnectionOutcome: Sendable, Hashable {
    /// It could not be made.
    case refused(LinkFailure)
    /// The pool answered: bytes went both ways.
    case subscribed(PoolTerms)
    /// It was made and then ended.
    case closed(LinkFailure)

    static let served = ConnectionOutcome.subscribed(PoolTerms(room: 4, summary: "extranonce 4 + 4 bytes"))

    static func refused(_ kind: LinkFailure.Kind, _ detail: String) -> ConnectionOutcome {
        .refused(LinkFailure(kind, detail))
    }

    /// What was said of a connection that could not be made.
    var refusal: LinkFailure? {
        if case .refused(let failure) = self { failure } else { nil }
    }
}

extension PoolConnector {
    /// Connects once and tells how that went; then the connection is closed. `mask`: asked for with `mining.configure`
    /// before subscribing.
    func probe(
        _ endpoint: PoolEndpoint,
        tls: PoolTLSConfiguration = PoolTLSConfiguration(),
        timeout: TimeAmount = .seconds(30),
        mask: UInt32? = nil
    ) async throws -> ConnectionOutcome {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        return try await eventLoop.flatSubmit {
            let recorder = ConnectionRecorder(on: eventLoop)
            let connection = PoolConnection(
                id: .init(1), dialect: BitcoinDialect(), settings: .init(mask: mask), delegate: recorder
            )
            self.connect(connection, to: endpoint, tls: tls, timeout: timeout, on: eventLoop)
                .assumeIsolated()
                .whenFailure { error in
                    let unexpected = LinkFailure(.stopped, "not a link failure: \(error)")
                    recorder.end(.refused(error as? LinkFailure ?? unexpected))
                }
            // The connection does not hold its delegate.
            recorder.outcome.assumeIsolated().whenComplete { _ in
                withExtendedLifetime(recorder) { connection.close(LinkFailure(.stopped, "probed")) }
            }
            return recorder.outcome
        }.get()
    }
}

/// Keeps the first thing that settles a connection's fate.
private final class ConnectionRecorder: PoolConnectionDelegate {
    private let promise: EventLoopPromise<ConnectionOutcome>
    private var hasEnded = false

    init(on eventLoop: any EventLoop) {
        self.promise = eventLoop.makePromise()
    }

    var outcome: EventLoopFuture<ConnectionOutcome> { self.promise.futureResult }

    func end(_ outcome: ConnectionOutcome) {
        guard !self.hasEnded else { return }
        self.hasEnded = true
        self.promise.succeed(outcome)
    }

    func connection(_ connection: PoolConnection, did event: PoolEvent) {
        if case .subscribed(let terms) = event { self.end(.subscribed(terms)) }
    }

    func connectionClosed(_ connection: PoolConnection, failure: LinkFailure) {
        self.end(.closed(failure))
    }
}

extension PoolDialogueSettings {
    fileprivate init(mask: UInt32?) {
        self.init(
            user: nil,
            password: "x",
            userAgent: "test/1.0",
            asksFirst: mask != nil,
            versionMask: mask ?? 0,
            handshakeTimeout: .seconds(30),
            questionTimeout: .seconds(15)
        )
    }
}

package import NIOCore
package import Stratum

/// Tries a pool once, as `check --connect` does: connects, subscribes, authorises, waits for the first job, hangs up.
package enum PoolTrial {
    /// What a pool that works said.
    package struct Result: Sendable, Hashable {
        /// What the pool leaves to its client, in the dialect's words; may be empty.
        package var terms: String
        /// As ``UpstreamJob/room``; nil if the pool has not said.
        package var room: Int?
        /// Nil when no user was given: then nothing was authorised and no job waited for.
        package var difficulty: Double?
        package var versionMask: UInt32?
    }

    /// - Parameter user: the upstream user to authorise; nil stops after subscribing.
    /// - Throws: ``LinkFailure``.
    package static func run(
        _ configuration: PoolConfiguration,
        user: String?,
        dialect: any Dialect,
        health: HealthConfiguration,
        versionMask: UInt32,
        userAgent: String,
        on eventLoop: any EventLoop
    ) async throws -> Result {
        do {
            return try await self.attempt(
                configuration, user: user, dialect: dialect, health: health, asksFirst: true, mask: versionMask,
                userAgent: userAgent, on: eventLoop)
        } catch let failure as LinkFailure where failure.kind == .questionRefused {
            // Some pools close on the first question; the router then does without, and so does the trial.
            return try await self.attempt(
                configuration, user: user, dialect: dialect, health: health, asksFirst: false, mask: versionMask,
                userAgent: userAgent, on: eventLoop)
        }
    }

    private static func attempt(
        _ configuration: PoolConfiguration,
        user: String?,
        dialect: any Dialect,
        health: HealthConfiguration,
        asksFirst: Bool,
        mask: UInt32,
        userAgent: String,
        on eventLoop: any EventLoop
    ) async throws -> Result {
        let promise = eventLoop.makePromise(of: Result.self)
        let settings = PoolDialogueSettings(
            configuration, user: user, userAgent: userAgent, asksFirst: asksFirst, versionMask: mask, sessionID: nil,
            health: health
        )
        eventLoop.execute {
            let listener = TrialListener(promise: promise, stopsAfterSubscribing: user == nil)
            let connection = PoolConnection(id: 0, dialect: dialect, settings: settings, delegate: listener)
            let connector = PoolConnector()
            connector.connect(
                connection,
                to: configuration.endpoint,
                tls: configuration.tls,
                timeout: TimeAmount(health.connectTimeout),
                on: eventLoop
            ).assumeIsolated().whenFailure { promise.fail($0) }
            let ticking = NIOLoopBound(connection, eventLoop: eventLoop)
            let ticks = eventLoop.scheduleRepeatedTask(
                initialDelay: .milliseconds(100),
                delay: .milliseconds(100)
            ) { _ in ticking.value.tick(now: eventLoop.now) }
            promise.futureResult.assumeIsolated().whenComplete { _ in
                ticks.cancel()
                connection.close(LinkFailure(.stopped, "trial"))
                withExtendedLifetime((listener, connector)) {}
            }
        }
        return try await promise.futureResult.get()
    }
}

/// Hears what the connection of a trial does.
private final class TrialListener: PoolConnectionDelegate {
    private let promise: EventLoopPromise<PoolTrial.Result>
    private let stopsAfterSubscribing: Bool
    private var terms = ""

    init(promise: EventLoopPromise<PoolTrial.Result>, stopsAfterSubscribing: Bool) {
        self.promise = promise
        self.stopsAfterSubscribing = stopsAfterSubscribing
    }

    func connection(_ connection: PoolConnection, did event: PoolEvent) {
        switch event {
        case .subscribed(let terms):
            self.terms = terms.summary
            guard self.stopsAfterSubscribing else { return }
            self.promise.succeed(PoolTrial.Result(terms: terms.summary, room: terms.room))
        case .ready(let job):
            self.promise.succeed(
                PoolTrial.Result(
                    terms: self.terms,
                    room: job.room,
                    difficulty: job.difficulty,
                    versionMask: job.versionMask
                )
            )
        case .job, .verdict, .versionMaskChanged, .reconnectRequested, .messageShown, .overstepped,
            .failed:
            break
        }
    }

    func connectionClosed(_ connection: PoolConnection, failure: LinkFailure) {
        self.promise.fail(failure)
    }
}

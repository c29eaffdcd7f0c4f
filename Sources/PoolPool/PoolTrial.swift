package import NIOCore
import Stratum

/// Tries a pool once, as `check --connect` does: connects, subscribes, authorises, waits for the first job, hangs up.
package enum PoolTrial {
    /// What a pool that works said.
    package struct Result: Sendable, Hashable {
        package var extranonce1Size: Int
        package var extranonce2Size: Int
        /// Nil when no user was given: then nothing was authorised and no job waited for.
        package var difficulty: Double?
        package var versionMask: UInt32?
    }

    /// - Parameter user: the upstream user to authorise; nil stops after subscribing.
    /// - Throws: ``LinkFailure``.
    package static func run(
        _ configuration: PoolConfiguration,
        user: String?,
        health: HealthConfiguration,
        versionMask: UInt32,
        userAgent: String,
        on eventLoop: any EventLoop
    ) async throws -> Result {
        do {
            return try await self.attempt(
                configuration, user: user, health: health, mask: versionMask, userAgent: userAgent, on: eventLoop)
        } catch let failure as LinkFailure where failure.kind == .configureRefused {
            // Some pools close on mining.configure; the router then does without, and so does the trial.
            return try await self.attempt(
                configuration, user: user, health: health, mask: nil, userAgent: userAgent, on: eventLoop)
        }
    }

    private static func attempt(
        _ configuration: PoolConfiguration,
        user: String?,
        health: HealthConfiguration,
        mask: UInt32?,
        userAgent: String,
        on eventLoop: any EventLoop
    ) async throws -> Result {
        let promise = eventLoop.makePromise(of: Result.self)
        let settings = PoolConnectionStateMachine.Settings(
            user: user,
            password: configuration.password,
            userAgent: userAgent,
            requestedMask: configuration.versionRolling ? mask : nil,
            handshakeTimeout: TimeAmount(health.handshakeTimeout),
            configureTimeout: .nanoseconds(TimeAmount(health.handshakeTimeout).nanoseconds / 2)
        )
        eventLoop.execute {
            let listener = TrialListener(promise: promise, stopsAfterSubscribing: user == nil)
            let connection = PoolConnection(id: 0, settings: settings, delegate: listener)
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

    init(promise: EventLoopPromise<PoolTrial.Result>, stopsAfterSubscribing: Bool) {
        self.promise = promise
        self.stopsAfterSubscribing = stopsAfterSubscribing
    }

    func connection(_ connection: PoolConnection, did event: PoolConnectionStateMachine.Event) {
        switch event {
        case .subscribed(let subscription) where self.stopsAfterSubscribing:
            self.promise.succeed(
                PoolTrial.Result(
                    extranonce1Size: subscription.extranonce1.count,
                    extranonce2Size: subscription.extranonce2Size
                )
            )
        case .ready(let job):
            self.promise.succeed(
                PoolTrial.Result(
                    extranonce1Size: job.extranonce1.count,
                    extranonce2Size: job.extranonce2Size,
                    difficulty: job.difficulty,
                    versionMask: job.versionMask
                )
            )
        case .subscribed, .job, .verdict, .versionMaskChanged, .reconnectRequested, .messageShown, .overstepped,
            .failed:
            break
        }
    }

    func connectionClosed(_ connection: PoolConnection, failure: LinkFailure) {
        self.promise.fail(failure)
    }
}

package import NIOCore

/// Opens TCP (and TLS) connections to pools.
package protocol PoolConnecting: AnyObject {
    /// Opens a connection and puts `connection` into its pipeline. Fails with a ``LinkFailure``.
    func connect(
        _ connection: PoolConnection,
        to endpoint: PoolEndpoint,
        tls: PoolTLSConfiguration,
        timeout: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void>
}

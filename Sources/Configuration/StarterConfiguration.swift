/// The configuration to start from.
package enum StarterConfiguration {
    /// Valid as it stands, with a comment for what people change first.
    package static let text = """
        # Configuration of the Stratum router. Check it with: router-cli check --config FILE
        # Durations: 500ms 10s 5m 2h 30d. Sizes: 64KiB. ${NAME} is taken from the environment; $$ is a dollar sign.

        routes:
          - name: btc
            protocol: bitcoin                   # or scrypt, equihash, cryptonote, ethash: see docs/configuration.md
            listen:
              - address: 0.0.0.0:3333           # miners connect to this port
            pools:
              # The lowest priority number with a usable pool carries the load.
              # Pools of equal priority share it by weight: here 80 % and 20 %.
              - name: primary
                url: stratum+tcp://pool.example.com:3333
                user: "account.{worker}"        # {user}: the miner's login; {worker}: its part after the first dot
                password: x
                priority: 1
                weight: 80
              - name: second
                url: stratum+ssl://other.example.com:3443
                user: account
                # password: "${OTHER_POOL_PASSWORD}"
                # password_file: other-pool.password
                priority: 1
                weight: 20
              # Used while neither of the above is usable.
              - name: backup
                url: stratum+tcp://backup.example.com:3333
                user: account
                priority: 2
            # pins: [{ worker: "test.*", pools: [second] }]  # logins that begin with "test." go to this pool
            # payout_guard: eject                 # put a pool aside whose blocks begin to pay somebody else; default: warn
            # vardiff: { target_interval: 10s, minimum: 1 }
            # health: { silence: auto, failback_after: 120s, hold: 60s }

        ledger:
          path: ledger.sqlite                   # beside this file; as a service: /var/lib/router/ledger.sqlite
          # keep_shares: 30d                    # single shares; their totals stay, keep_rollups: forever

        control:
          socket: control.sock                  # beside this file; as a service: /run/router/control.sock
          # http: { address: "127.0.0.1:8080" } # read-only status and metrics

        log:
          level: info                           # trace, debug, info, notice, warning or error
          format: text                          # or json

        """
}

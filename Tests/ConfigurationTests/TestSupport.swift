import Configuration

/// A file system of a few files in memory.
struct Files {
    var contents: [String: String] = [:]

    /// Loads `text` as the file `/etc/router/test.yaml`.
    func load(_ text: String, environment: [String: String] = [:]) throws(ConfigurationErrors) -> ServiceConfiguration {
        try ConfigurationLoader.load(
            bytes: Array(text.utf8),
            file: "/etc/router/test.yaml",
            environment: environment,
            readFile: { path throws(ConfigurationLoader.FileProblem) in
                guard let text = self.contents[path] else { throw .missing }
                return Array(text.utf8)
            }
        )
    }

    /// The problems of `text`, without the name of the file; empty if it is valid.
    func problems(_ text: String, environment: [String: String] = [:]) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try self.load(text, environment: environment)
            return []
        } catch {
            return error.problems.map { String($0.description.trimmingPrefix("/etc/router/test.yaml:")) }
        }
    }
}

/// A valid route with `route` among its keys and `pool` among those of its only pool; `rest` follows the routes.
func document(route: String = "", pool: String = "", rest: String = "") -> String {
    func indented(_ text: String, by count: Int) -> String {
        text.split(separator: "\n").map { "\n" + String(repeating: " ", count: count) + $0 }.joined()
    }
    return """
        routes:
          - name: btc
            listen:
              - address: 0.0.0.0:3333
            pools:
              - name: primary
                url: stratum+ssl://pool.example.com:3333\(indented(pool, by: 8))\(indented(route, by: 4))
        \(rest)
        """
}

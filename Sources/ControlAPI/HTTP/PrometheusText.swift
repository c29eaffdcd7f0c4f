/// Writes the Prometheus text format, version 0.0.4.
package struct PrometheusText {
    package enum Kind: String {
        case counter
        case gauge
    }

    /// Labels in their order; names are ours, values may hold anything.
    package typealias Labels = KeyValuePairs<String, String>

    /// The page so far.
    package private(set) var page = ""

    package init() {}

    /// One metric with all its samples; without samples it is left out.
    package mutating func metric(
        _ name: String,
        _ kind: Kind,
        _ help: String,
        samples: [(labels: Labels, value: Double)]
    ) {
        guard !samples.isEmpty else { return }
        self.page += "# HELP \(name) \(Self.escape(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0)=\"\(Self.escape($1, quotes: true))\"" }.joined(separator: ",")
            self.page += labels.isEmpty ? name : "\(name){\(labels)}"
            self.page += " \(Self.number(sample.value))\n"
        }
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }
}

/// Something that goes wrong at a pool in a simulation.
package struct PlannedFault: Sendable, Hashable {
    /// The kinds, as a file of faults names them.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case down
        case frozen
        case flapping
        case rejects
        case slow
        case oldBlock = "old_block"
    }

    package var pool = ""
    package var kind = Kind.down
    /// From the beginning of the simulation.
    package var start = Duration.zero
    package var length = Duration.seconds(600)
    /// Of `flapping`: down and up for this long each.
    package var period = Duration.seconds(10)
    /// Of `rejects`: this part of the shares, 0...1.
    package var ratio = 0.5
    /// Of `slow`: from a share to its verdict.
    package var latency = Duration.seconds(20)
}

/// A file of faults while it is read.
struct FaultFileDraft: Sendable {
    var faults: [FaultDraft] = []
}

/// A fault while it is read.
struct FaultDraft: Sendable {
    var fault = PlannedFault()
    var places = Places(start: .start)
}

extension Section where Target == FaultFileDraft {
    /// The one key of a file of faults.
    static let faultFile = Section(
        FaultFileDraft(),
        [.list("faults", \.faults, .fault, item: "fault", "what goes wrong, and when")]
    )
}

extension Section where Target == FaultDraft {
    /// The keys of a fault.
    static let fault = Section(
        FaultDraft(),
        [
            .value("pool", \.fault.pool, .name, isRequired: true, "the name of a pool of the route"),
            .value("kind", \.fault.kind, .choice, isRequired: true, "what goes wrong"),
            .value("at", \.fault.start, .duration(.zero...(.seconds(3650 * 86_400))), "when it begins"),
            .value("for", \.fault.length, .duration(.seconds(1)...(.seconds(3650 * 86_400))), "how long it lasts"),
            .value(
                "period", \.fault.period, .duration(.seconds(1)...(.seconds(86_400))),
                "of flapping: down and up for this long each"
            ),
            .value("ratio", \.fault.ratio, .percentage(0...100), "of rejects: this part of the shares"),
            .value(
                "latency", \.fault.latency, .duration(.milliseconds(1)...(.seconds(3600))),
                "of slow: from a share to its verdict"
            ),
        ]
    ) { draft, places, reader in
        draft.places = places
        let belonging: [(key: String, kind: PlannedFault.Kind)] = [
            ("period", .flapping), ("ratio", .rejects), ("latency", .slow),
        ]
        for (key, kind) in belonging where draft.fault.kind != kind && places.areSound("kind") {
            if let position = places.values[key] {
                reader.report("\(key): belongs to \(kind.rawValue), not to \(draft.fault.kind.rawValue)", at: position)
            }
        }
    }
}

extension ConfigurationLoader {
    /// Loads a file of faults. `pools` are the names that there are.
    ///
    /// - Throws: All problems at once; ``ConfigurationErrors/isMissingFile`` tells a file that does not exist.
    package static func loadFaults(path: String, pools: [String]) throws(ConfigurationErrors) -> [PlannedFault] {
        let draft = try self.loadFile(.faultFile, path: path, title: "the file of faults") { draft, reader in
            for fault in draft.faults where !pools.contains(fault.fault.pool) && fault.places.areSound("pool") {
                let known = pools.map(quoted).joined(separator: ", ")
                reader.report(
                    "pool: the route has no pool \(quoted(fault.fault.pool)); there are \(known)",
                    at: fault.places.of("pool")
                )
            }
        }
        return draft.faults.map(\.fault)
    }
}

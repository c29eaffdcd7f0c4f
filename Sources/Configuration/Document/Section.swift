import Stratum
import Yams

/// One key of the configuration file, as the documentation lists it.
package struct ConfigurationKey: Sendable, Hashable {
    /// The way to the key, as in `routes[].pools[].url`.
    package var path: String
    /// What its value looks like.
    package var type: String
    /// What holds when it is absent; nil when it has to be there.
    package var fallback: String?
    package var meaning: String
}

/// Where the parts of one mapping stand, and which of its keys can be relied on.
struct Places: Sendable {
    /// The mapping itself.
    var start: TextPosition
    /// The values, by key. Keys that are absent, or null, are not in it.
    var values: [String: TextPosition] = [:]
    /// Keys whose value could not be read, or which are missing.
    var failed: Set<String> = []

    /// Where the value of `key` stands, or the mapping if it is not there.
    func of(_ key: String) -> TextPosition { self.values[key] ?? self.start }

    /// True when none of `keys` had a problem, so that comparing them makes sense.
    func areSound(_ keys: String...) -> Bool { self.failed.isDisjoint(with: keys) }
}

/// A mapping in the file and the value it fills.
struct Section<Target: Sendable>: Sendable {
    /// What an empty mapping means.
    let defaults: Target
    let settings: [Setting<Target>]
    /// Options of dialects that may stand here, and where they go.
    let options: (scope: DialectOption.Scope, path: any WritableKeyPath<Target, DialectOptionDrafts> & Sendable)?
    /// Rules that concern several keys, called after all keys were read.
    let check: @Sendable (_ target: inout Target, _ places: Places, _ reader: inout ConfigurationReader) -> Void

    init(
        _ defaults: Target,
        _ settings: [Setting<Target>],
        options: (scope: DialectOption.Scope, path: any WritableKeyPath<Target, DialectOptionDrafts> & Sendable)? = nil,
        check: @escaping @Sendable (inout Target, Places, inout ConfigurationReader) -> Void = { _, _, _ in }
    ) {
        self.defaults = defaults
        self.settings = settings
        self.options = options
        self.check = check
    }

    /// Reads `node`; every problem goes to `reader`. Always returns something, so that reading goes on.
    ///
    /// - Parameters:
    ///   - node: nil stands for an empty mapping.
    ///   - title: What the mapping is called in messages.
    func read(_ node: Node?, title: String, reader: inout ConfigurationReader) -> Target {
        var target = self.defaults
        guard let node else {
            self.check(&target, Places(start: .start), &reader)
            return target
        }
        guard case .mapping(let mapping) = node else {
            reader.report("\(title): keys and values are needed here, as in \"\(self.sample)\"", at: node.position)
            return target
        }
        var places = Places(start: node.position)
        var repeated: [String: TextPosition] = [:]
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                reader.report("\(title): a key must be a plain word", at: key.position)
                continue
            }
            let name = DocumentText.restore(scalar.string)
            if let original = reader.repeatedKeys[key.position] {
                repeated[original] = key.position
                continue
            }
            if let first = repeated[name] {
                reader.report("\(name): stands here twice, first in line \(first.line); keep one", at: key.position)
            }
            guard let setting = self.settings.first(where: { $0.name == name }) else {
                if self.readOption(name, value, &target, &reader) { continue }
                reader.report(self.unknown(name, in: title, reader.dialects), at: key.position)
                continue
            }
            guard !value.isNull else { continue }
            places.values[name] = value.position
            let problems = reader.problems.count
            if let value = reader.admit(value) { setting.read(&target, value, &reader) }
            if reader.problems.count > problems { places.failed.insert(name) }
        }
        for setting in self.settings where setting.isRequired && places.values[setting.name] == nil {
            places.failed.insert(setting.name)
            reader.report("\(title): \(setting.name) is missing; \(setting.meaning)", at: places.start)
        }
        self.check(&target, places, &reader)
        return target
    }

    /// Every key of this mapping and of the mappings in it, in order.
    func keys(prefix: String) -> [ConfigurationKey] {
        self.settings.flatMap { $0.describe(self.defaults, prefix) }
    }

    private var sample: String { "\(self.settings.first?.name ?? "key"): value" }

    /// Takes an option that some dialect knows; false if none does.
    private func readOption(
        _ name: String, _ value: Node, _ target: inout Target, _ reader: inout ConfigurationReader
    ) -> Bool {
        guard let options = self.options, reader.dialects.optionNames(options.scope).contains(name) else {
            return false
        }
        guard !value.isNull, let node = reader.admit(value),
            let text = reader.value(node, of: name, as: ValueType<String>.dialectOption)
        else { return true }
        target[keyPath: options.path].set(name, to: text, at: node.position)
        return true
    }

    private func unknown(_ name: String, in title: String, _ dialects: DialectRegistry) -> String {
        let known = self.settings.map(\.name) + (self.options.map { dialects.optionNames($0.scope) } ?? [])
        if name == "<<" {
            return "merge keys (<<) are not supported; use an alias for a whole value, or repeat the keys"
        }
        if let suggestion = Spelling.nearest(to: name, among: known) {
            return "\(title): unknown key \(quoted(name)); did you mean \(quoted(suggestion))?"
        }
        return "\(title): unknown key \(quoted(name)); known here: \(known.joined(separator: ", "))"
    }
}

/// One key of a ``Section``.
struct Setting<Target: Sendable>: Sendable {
    /// The property that a key fills.
    typealias Path<Value> = any WritableKeyPath<Target, Value> & Sendable

    /// The key.
    let name: String
    let isRequired: Bool
    let meaning: String
    /// Takes a value that is not null and no alias.
    let read: @Sendable (_ target: inout Target, _ node: Node, _ reader: inout ConfigurationReader) -> Void
    /// The key, and those below it, for the documentation.
    let describe: @Sendable (_ defaults: Target, _ prefix: String) -> [ConfigurationKey]

    /// A single value that always has one.
    static func value<Value>(
        _ name: String,
        _ path: Path<Value>,
        _ type: ValueType<Value>,
        isRequired: Bool = false,
        _ meaning: String
    ) -> Self {
        Self(name: name, isRequired: isRequired, meaning: meaning) { target, node, reader in
            guard let value = reader.value(node, of: name, as: type) else { return }
            target[keyPath: path] = value
        } describe: { defaults, prefix in
            let fallback = isRequired ? nil : type.format(defaults[keyPath: path])
            return [ConfigurationKey(path: prefix + name, type: type.name, fallback: fallback, meaning: meaning)]
        }
    }

    /// A single value that may be absent, which means `absent`.
    static func value<Value>(
        _ name: String,
        _ path: Path<Value?>,
        _ type: ValueType<Value>,
        absent: String,
        _ meaning: String
    ) -> Self {
        Self(name: name, isRequired: false, meaning: meaning) { target, node, reader in
            guard let value = reader.value(node, of: name, as: type) else { return }
            target[keyPath: path] = value
        } describe: { _, prefix in
            [ConfigurationKey(path: prefix + name, type: type.name, fallback: absent, meaning: meaning)]
        }
    }

    /// A mapping of its own.
    static func section<Value>(
        _ name: String,
        _ path: Path<Value>,
        _ section: Section<Value>,
        _ meaning: String
    ) -> Self {
        Self(name: name, isRequired: false, meaning: meaning) { target, node, reader in
            target[keyPath: path] = section.read(node, title: name, reader: &reader)
        } describe: { _, prefix in
            [ConfigurationKey(path: prefix + name, type: "section", fallback: "defaults of its keys", meaning: meaning)]
                + section.keys(prefix: "\(prefix)\(name).")
        }
    }

    /// A mapping of its own that may be absent, which means `absent`.
    static func section<Value>(
        _ name: String,
        _ path: Path<Value?>,
        _ section: Section<Value>,
        absent: String,
        _ meaning: String
    ) -> Self {
        Self(name: name, isRequired: false, meaning: meaning) { target, node, reader in
            target[keyPath: path] = section.read(node, title: name, reader: &reader)
        } describe: { _, prefix in
            [ConfigurationKey(path: prefix + name, type: "section", fallback: absent, meaning: meaning)]
                + section.keys(prefix: "\(prefix)\(name).")
        }
    }

    /// A list of mappings.
    ///
    /// - Parameters:
    ///   - item: What each mapping is called in messages.
    ///   - shorthand: The key that an item of a single value stands for; nil: an item is always a mapping.
    ///   - absent: What holds without the list; nil: it has to be there, with at least one item.
    static func list<Value>(
        _ name: String,
        _ path: Path<[Value]>,
        _ section: Section<Value>,
        item: String,
        shorthand: String? = nil,
        absent: String? = nil,
        _ meaning: String
    ) -> Self {
        Self(name: name, isRequired: absent == nil, meaning: meaning) { target, node, reader in
            guard let items = reader.items(node, of: name) else { return }
            if items.isEmpty, absent == nil {
                reader.report("\(name): the list is empty; \(meaning)", at: node.position)
            }
            for node in items {
                guard var node = reader.admit(node) else { continue }
                if let shorthand, case .scalar(let scalar) = node, !node.isNull {
                    let key = Node.scalar(Node.Scalar(shorthand, .implicit, .plain, scalar.mark))
                    node = .mapping(Node.Mapping([(key, node)], .implicit, .flow, scalar.mark))
                }
                target[keyPath: path].append(section.read(node, title: item, reader: &reader))
            }
        } describe: { _, prefix in
            [ConfigurationKey(path: prefix + name, type: "list", fallback: absent, meaning: meaning)]
                + section.keys(prefix: "\(prefix)\(name)[].")
        }
    }

    /// A list of single values that may be absent, which means `absent`.
    static func list<Value>(
        _ name: String,
        _ path: Path<[Value]>,
        of type: ValueType<Value>,
        absent: String,
        _ meaning: String
    ) -> Self {
        Self(name: name, isRequired: false, meaning: meaning) { target, node, reader in
            for node in reader.items(node, of: name) ?? [] {
                guard let node = reader.admit(node), let value = reader.value(node, of: name, as: type) else {
                    continue
                }
                target[keyPath: path].append(value)
            }
        } describe: { _, prefix in
            let type = "list, each \(type.name)"
            return [ConfigurationKey(path: prefix + name, type: type, fallback: absent, meaning: meaning)]
        }
    }
}

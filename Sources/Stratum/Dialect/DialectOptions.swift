/// A setting that only one dialect knows.
public struct DialectOption: Sendable, Hashable {
    /// Where it stands.
    public enum Scope: Sendable, Hashable {
        case route
        case pool
    }

    /// The key in the configuration, snake_case.
    public var name: String
    public var scope: Scope
    /// What may be said; empty: any text.
    public var choices: [String]
    /// What holds if nothing is said, as the documentation shows it.
    public var defaultValue: String
    /// What it does, in a line for the documentation.
    public var purpose: String

    public init(_ name: String, _ scope: Scope, choices: [String] = [], defaultValue: String, _ purpose: String) {
        self.name = name
        self.scope = scope
        self.choices = choices
        self.defaultValue = defaultValue
        self.purpose = purpose
    }
}

/// What the configuration says about the options of a dialect.
public struct DialectOptions: Sendable, Hashable {
    public private(set) var values: [String: String]

    public init(_ values: [String: String] = [:]) {
        self.values = values
    }

    /// The value of an option; nil if it is not set.
    public subscript(name: String) -> String? {
        get { self.values[name] }
        set { self.values[name] = newValue }
    }
}

/// A value that a dialect cannot work with.
public struct DialectOptionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The option's name.
    public var option: String
    /// What is wrong and what would be right.
    public var description: String

    public init(_ option: String, _ description: String) {
        self.option = option
        self.description = description
    }
}

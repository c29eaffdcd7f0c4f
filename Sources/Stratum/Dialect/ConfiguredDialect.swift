/// A dialect with its options, as a route has it.
public struct ConfiguredDialect: Sendable, Hashable, CustomStringConvertible {
    public let dialect: any Dialect
    public let options: DialectOptions

    /// - Throws: What the dialect has against the options.
    public init(_ type: any Dialect.Type, _ options: DialectOptions = DialectOptions()) throws(DialectOptionError) {
        self.dialect = try type.init(options)
        self.options = options
    }

    private init(_ dialect: any Dialect) {
        self.dialect = dialect
        self.options = DialectOptions()
    }

    /// What a route speaks that says nothing.
    public static let standard = ConfiguredDialect(BitcoinDialect())

    public var name: String { type(of: self.dialect).name }
    /// What its hashrates count in a second, such as `H/s`.
    public var hashrateUnit: String { type(of: self.dialect).hashrateUnit }
    public var description: String { self.name }

    public static func == (left: ConfiguredDialect, right: ConfiguredDialect) -> Bool {
        left.name == right.name && left.options == right.options
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.name)
        hasher.combine(self.options)
    }
}

/// The dialects that a program knows.
public struct DialectRegistry: Sendable {
    public private(set) var dialects: [any Dialect.Type]

    /// - Parameter dialects: of two with one name the later one counts.
    public init(_ dialects: [any Dialect.Type]) {
        self.dialects = []
        for dialect in dialects {
            self.dialects.removeAll { $0.name == dialect.name }
            self.dialects.append(dialect)
        }
    }

    /// Those that come with the router.
    public static let standard = DialectRegistry([
        BitcoinDialect.self, ScryptDialect.self, EquihashDialect.self, CryptoNoteDialect.self, EthashDialect.self,
    ])

    public var names: [String] { self.dialects.map { $0.name } }

    public subscript(name: String) -> (any Dialect.Type)? { self.dialects.first { $0.name == name } }

    /// These and one's own.
    public func adding(_ dialects: [any Dialect.Type]) -> DialectRegistry {
        DialectRegistry(self.dialects + dialects)
    }
}

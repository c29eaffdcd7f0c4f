/// Why the bytes that a pool gave for a coinbase are not one.
public enum CoinbaseError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The bytes end inside `field`, or a length claims more bytes than there are.
    case truncated(field: String)
    /// There is not exactly one input that spends nothing, neither after the version nor after a time behind it.
    case notACoinbase
    /// The transaction has the marker of the serialisation with witnesses, which does not belong into a job.
    case hasWitness
    /// A length or count is written with more bytes than it needs, which nodes refuse.
    case wastefulLength(field: String)
    /// More outputs are claimed than `limit`.
    case tooManyOutputs(count: UInt64, limit: Int)
    /// The extranonces lie in a field that says how to read the rest.
    case extranonceInStructure(field: String)
    /// The size of the extranonces is out of range.
    case extranonceSize(Int)

    public var description: String {
        switch self {
        case .truncated(let field): "coinbase ends in the \(field)"
        case .notACoinbase: "coinbase does not have one input that spends nothing"
        case .hasWitness: "coinbase is serialised with witnesses"
        case .wastefulLength(let field): "\(field) of the coinbase is written with more bytes than it needs"
        case .tooManyOutputs(let count, let limit): "coinbase claims \(count) outputs, more than \(limit)"
        case .extranonceInStructure(let field): "extranonces lie in the \(field) of the coinbase"
        case .extranonceSize(let count): "extranonces of \(count) bytes"
        }
    }
}

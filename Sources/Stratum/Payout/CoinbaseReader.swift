/// Reads a transaction from its start; what it returns is a slice of the coinbase.
struct CoinbaseReader {
    private var rest: ArraySlice<UInt8>
    private let extranonces: Range<Int>

    /// `extranonces` are the places in `coinbase` that are not the pool's to fill.
    init(_ coinbase: [UInt8], extranonces: Range<Int>) {
        self.rest = coinbase[...]
        self.extranonces = extranonces
    }

    /// The next `count` bytes, whatever they are.
    mutating func bytes(_ count: UInt64, _ field: String) throws(CoinbaseError) -> ArraySlice<UInt8> {
        guard let count = Int(exactly: count), count <= self.rest.count else {
            throw .truncated(field: field)
        }
        let bytes = self.rest.prefix(count)
        self.rest = self.rest.dropFirst(count)
        return bytes
    }

    /// The next `count` bytes, none of which may belong to the extranonces.
    mutating func structure(_ count: UInt64, _ field: String) throws(CoinbaseError) -> ArraySlice<UInt8> {
        let bytes = try self.bytes(count, field)
        guard !self.holdsExtranonces(bytes) else {
            throw .extranonceInStructure(field: field)
        }
        return bytes
    }

    /// A length or count in the variable form of one, three, five or nine bytes.
    mutating func length(_ field: String) throws(CoinbaseError) -> UInt64 {
        let first = Self.integer(try self.structure(1, field))
        guard first >= 0xFD else {
            return first
        }
        let count = UInt64(1) << (first - 0xFC)
        let value = Self.integer(try self.structure(count, field))
        let smallest: UInt64 = count == 2 ? 0xFD : 1 << (count * 4)
        guard value >= smallest else {
            throw .wastefulLength(field: field)
        }
        return value
    }

    /// Whether `bytes`, which were read from here, overlap the extranonces.
    func holdsExtranonces(_ bytes: ArraySlice<UInt8>) -> Bool {
        self.extranonces.overlaps(bytes.startIndex..<bytes.endIndex)
    }

    /// Up to eight bytes, the least significant first.
    static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

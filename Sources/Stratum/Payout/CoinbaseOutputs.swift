/// Whom a pool's coinbase pays.
///
/// Reads the serialisation without witnesses that `mining.notify` has in two parts, also with a time behind the version
/// (Peercoin) and with further bytes behind the lock time (Dash).
public struct CoinbaseOutputs: Sendable, Hashable {
    /// The most outputs we read.
    public static let maximumCount = 10_000
    /// The most bytes of both extranonces together that we read.
    public static let maximumExtranonceCount = 1024

    /// One output; the extranonces in it, if any, are zeros.
    public struct Output: Sendable, Hashable {
        /// In the coin's smallest unit.
        public var value: UInt64
        public var script: [UInt8]
        /// Bytes of the extranonces lie in the value or in the script.
        public var containsExtranonce: Bool

        /// The script marks its output as data that nobody can spend.
        public var isData: Bool {
            self.script.first == 0x6A
        }
    }

    /// All outputs in the coinbase's order.
    public private(set) var outputs: [Output] = []
    /// The scripts of the outputs that pay somebody, in the coinbase's order and each once: with a value, no data, and
    /// without bytes of the extranonces.
    public private(set) var payoutScripts: [[UInt8]] = []
    /// The scripts of the outputs that pay somebody and contain extranonces, as zeros; in the coinbase's order and each
    /// once. No pool is known to have one: p2pool and DATUM put their extranonces into an output of data.
    public private(set) var openPayoutScripts: [[UInt8]] = []

    /// Reads `coinbase1 ‖ extranonces ‖ coinbase2` with `extranonceCount` zeros for both extranonces.
    ///
    /// Time and memory are proportional to the bytes that are there, whatever lengths they claim.
    public init(coinbase1: [UInt8], extranonceCount: Int, coinbase2: [UInt8]) throws(CoinbaseError) {
        guard (0...Self.maximumExtranonceCount).contains(extranonceCount) else {
            throw .extranonceSize(extranonceCount)
        }
        let coinbase = coinbase1 + Array(repeating: 0, count: extranonceCount) + coinbase2
        let extranonces = coinbase1.endIndex..<coinbase1.endIndex + extranonceCount
        var reader = try Self.readerBehindInputs(CoinbaseReader(coinbase, extranonces: extranonces))
        try self.readOutputs(&reader)
        _ = try reader.bytes(4, "lock time")
    }

    /// Reads the version, a time if there is one, and the input.
    private static func readerBehindInputs(_ start: CoinbaseReader) throws(CoinbaseError) -> CoinbaseReader {
        var plain = start
        _ = try plain.structure(4, "version")
        var timed = plain
        if try Self.readInput(&plain) {
            return plain
        }
        let marker = try timed.structure(2, "time")
        _ = try timed.structure(2, "time")
        if try Self.readInput(&timed) {
            return timed
        }
        throw marker.elementsEqual([0, 1]) ? .hasWitness : .notACoinbase
    }

    /// Reads the inputs; false if they are not those of a coinbase.
    private static func readInput(_ reader: inout CoinbaseReader) throws(CoinbaseError) -> Bool {
        guard try reader.bytes(1, "inputs").first == 1 else {
            return false
        }
        let outpoint = try reader.bytes(36, "input")
        guard outpoint.prefix(32).allSatisfy({ $0 == 0 }), outpoint.suffix(4).allSatisfy({ $0 == 0xFF }) else {
            return false
        }
        guard !reader.holdsExtranonces(outpoint) else {
            throw .extranonceInStructure(field: "input")
        }
        let scriptCount = try reader.length("input script's length")
        _ = try reader.bytes(scriptCount, "input script")
        _ = try reader.bytes(4, "sequence")
        return true
    }

    private mutating func readOutputs(_ reader: inout CoinbaseReader) throws(CoinbaseError) {
        let count = try reader.length("number of outputs")
        guard count <= UInt64(Self.maximumCount) else {
            throw .tooManyOutputs(count: count, limit: Self.maximumCount)
        }
        var known: Set<[UInt8]> = []
        var knownOpen: Set<[UInt8]> = []
        for _ in 0..<count {
            let value = try reader.bytes(8, "value of an output")
            let scriptCount = try reader.length("length of an output's script")
            let script = try reader.bytes(scriptCount, "script of an output")
            let valueIsOpen = reader.holdsExtranonces(value)
            let output = Output(
                value: CoinbaseReader.integer(value),
                script: Array(script),
                containsExtranonce: valueIsOpen || reader.holdsExtranonces(script)
            )
            self.outputs.append(output)
            guard output.value > 0 || valueIsOpen, !output.isData else {
                continue
            }
            if output.containsExtranonce {
                if knownOpen.insert(output.script).inserted {
                    self.openPayoutScripts.append(output.script)
                }
            } else if known.insert(output.script).inserted {
                self.payoutScripts.append(output.script)
            }
        }
    }
}

/// The solution that a miner submits.
package struct EquihashSolution: Sendable, Hashable {
    /// The packed indices, without the length before them.
    package let bytes: [UInt8]
    /// The length before them, as it takes part in the hash.
    package let prefix: [UInt8]

    /// Reads the hex of `mining.submit`: a compactSize, which must be the length that `parameters` ask for, and as many
    /// bytes.
    package init(submitted hex: String, parameters: EquihashParameters) throws(EquihashSolutionError) {
        let prefix = parameters.solutionPrefix
        let expected = prefix.count + parameters.solutionByteCount
        let digits = Hex.withoutPrefix(hex.utf8).count
        guard digits == 2 * expected else {
            throw .wrongLength(digits: digits, expected: 2 * expected)
        }
        guard let bytes = Hex.decode(hex, maximumCount: expected) else {
            throw .notHex
        }
        guard bytes.starts(with: prefix) else {
            throw .wrongPrefix
        }
        self.bytes = Array(bytes.dropFirst(prefix.count))
        self.prefix = prefix
    }

    /// A solution of these packed indices; nil if they have not the length that `parameters` ask for.
    package init?(bytes: [UInt8], parameters: EquihashParameters) {
        guard bytes.count == parameters.solutionByteCount else {
            return nil
        }
        self.bytes = bytes
        self.prefix = parameters.solutionPrefix
    }

    /// What is held against the targets of the share and of the block: SHA-256d of the header of 140 bytes, the length
    /// and the solution. It is also the block's id.
    package func shareHash(header: [UInt8]) -> Hash256 {
        var hasher = SHA256d()
        hasher.update(header)
        hasher.update(self.prefix)
        hasher.update(self.bytes)
        return hasher.finalize()
    }
}

/// Why the text of `mining.submit` is no solution, whatever the header.
package enum EquihashSolutionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Not so many hex digits as the parameters ask for, the compactSize included.
    case wrongLength(digits: Int, expected: Int)
    /// Something else than hex digits.
    case notHex
    /// It does not begin with its own length.
    case wrongPrefix

    package var description: String {
        switch self {
        case .wrongLength(let digits, let expected): "\(digits) hex digits instead of \(expected)"
        case .notHex: "not hexadecimal"
        case .wrongPrefix: "does not begin with its length"
        }
    }
}

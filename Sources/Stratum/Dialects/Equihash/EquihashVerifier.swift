/// What is to be said about a solution.
package enum EquihashVerdict: Sendable, Hashable, CustomStringConvertible {
    /// It solves the puzzle of its header.
    case valid
    /// It has not so many bytes as the parameters ask for.
    case wrongLength(byteCount: Int, expected: Int)
    /// An index occurs twice.
    case duplicateIndex(UInt32)
    /// Two halves of the tree of indices are exchanged: the left one must begin with the smaller index.
    case wrongOrder(round: Int)
    /// The XOR of two neighbours does not begin with zeros; rounds count from 1. Nearly every wrong header or
    /// personalization ends here in round 1.
    case noCollision(round: Int)
    /// All rounds collide, but bits are left in the XOR of all leaves.
    case notZero
    /// The library that hashes refused, so that nothing is known of it.
    case unhashed

    package var description: String {
        switch self {
        case .valid: "valid"
        case .wrongLength(let count, let expected): "\(count) bytes instead of \(expected)"
        case .duplicateIndex(let index): "index \(index) occurs twice"
        case .wrongOrder(let round): "indices are out of order in round \(round)"
        case .noCollision(let round): "no collision in round \(round)"
        case .notZero: "the XOR of all leaves is not zero"
        case .unhashed: "libsodium refused to hash"
        }
    }
}

/// Checks solutions of one coin.
///
/// The rules are those of Zcash's protocol specification, section 7.7.1 "Equihash".
package struct EquihashVerifier: Sendable, Hashable {
    package let parameters: EquihashParameters
    package let personalization: EquihashPersonalization

    package init(parameters: EquihashParameters, personalization: EquihashPersonalization) {
        self.parameters = parameters
        self.personalization = personalization
    }

    /// Whether `solution`, without the length before it, solves the puzzle of `header`, the 140 bytes before that.
    ///
    /// The share's hash is another matter: see `EquihashSolution.shareHash`. Length, duplicates and the order of the
    /// indices are looked at before anything is hashed.
    package func verify(header: [UInt8], solution: [UInt8]) -> EquihashVerdict {
        guard let indices = EquihashIndices.unpack(solution, parameters: self.parameters) else {
            return .wrongLength(byteCount: solution.count, expected: self.parameters.solutionByteCount)
        }
        if let index = self.duplicate(in: indices) {
            return .duplicateIndex(index)
        }
        if let round = self.roundOutOfOrder(indices) {
            return .wrongOrder(round: round)
        }
        let leaves = EquihashLeaves(
            parameters: self.parameters,
            personalization: self.personalization,
            header: header
        )
        return leaves.map { self.verdict(on: indices, leaves: $0) } ?? .unhashed
    }

    /// An index that occurs twice, found with a table of which at most half is filled.
    private func duplicate(in indices: [UInt32]) -> UInt32? {
        // No index has as many bits as this mark.
        var table = [UInt32](repeating: .max, count: 2 * self.parameters.indexCount)
        let mask = table.count - 1
        for index in indices {
            // Fibonacci hashing: the upper bits of the product are well mixed.
            var slot = Int(truncatingIfNeeded: (index &* 0x9E37_79B1) >> 16) & mask
            while table[slot] != .max {
                guard table[slot] != index else {
                    return index
                }
                slot = (slot + 1) & mask
            }
            table[slot] = index
        }
        return nil
    }

    /// The first round in which a left half begins with a larger index than its right one.
    private func roundOutOfOrder(_ indices: [UInt32]) -> Int? {
        for round in 1...self.parameters.k {
            let half = 1 << (round - 1)
            for left in stride(from: 0, to: indices.count, by: 2 * half)
            where indices[left] >= indices[left + half] {
                return round
            }
        }
        return nil
    }

    /// Pairs the leaves from left to right, each pair as soon as both of its halves are complete.
    private func verdict(on indices: [UInt32], leaves: EquihashLeaves) -> EquihashVerdict {
        let width = self.parameters.collisionBitCount
        // The XOR of each complete left half that waits for its right one: at most one for each round.
        var waiting: [EquihashBits] = []
        waiting.reserveCapacity(self.parameters.k + 1)
        for (position, index) in indices.enumerated() {
            guard var bits = leaves.leaf(index) else { return .unhashed }
            // As many halves are completed by this leaf as its position has ones at the end.
            for round in 0..<(~position).trailingZeroBitCount {
                guard let left = waiting.popLast() else {
                    break
                }
                bits = left ^ bits
                guard bits.first(width) == 0 else {
                    return .noCollision(round: round + 1)
                }
                bits = bits.dropping(width)
            }
            waiting.append(bits)
        }
        return waiting.allSatisfy(\.isZero) ? .valid : .notZero
    }
}

package import Stratum

/// Finds all solutions of a header by Wagner's algorithm, plainly: for the small parameters 48,5 and 96,5.
///
/// 2^(c+1) leaves of n = (k+1)·c bits are paired where their first c bits agree, the XORs of the pairs again where
/// their next c bits do, and so on; the last round pairs where the remaining 2·c bits agree. A header has
/// 2·∏(1 − i/2^(c+1)), i in 0..<2ᵏ, solutions on average: 0.75 for 48,5 and 1.99 for 96,5.
package struct EquihashSolver: Sendable {
    private let parameters: EquihashParameters
    private let personalization: EquihashPersonalization

    package init(parameters: EquihashParameters, personalization: EquihashPersonalization) {
        self.parameters = parameters
        self.personalization = personalization
    }

    /// The XOR of some leaves with their indices, in the order of the solution.
    private struct Rows {
        /// The bits that have not been paired yet.
        var bits: [EquihashBits] = []
        /// `indicesPerRow` for each row, one row after another.
        var indices: [UInt32] = []
        let indicesPerRow: Int
    }

    /// The solutions of a header of 140 bytes, packed and without the length before them.
    package func solutions(header: [UInt8]) -> [[UInt8]] {
        var rows = self.leaves(header: header)
        for _ in 1..<self.parameters.k {
            rows = self.paired(rows, isLast: false)
        }
        rows = self.paired(rows, isLast: true)
        return stride(from: 0, to: rows.indices.count, by: rows.indicesPerRow).map { start in
            let indices = Array(rows.indices[start..<start + rows.indicesPerRow])
            return EquihashIndices.pack(indices, parameters: self.parameters)
        }
    }

    private func leaves(header: [UInt8]) -> Rows {
        let count = 1 << self.parameters.indexBitCount
        var rows = Rows(indicesPerRow: 1)
        rows.bits.reserveCapacity(count)
        let leaves = EquihashLeaves(
            parameters: self.parameters,
            personalization: self.personalization,
            header: header
        )
        leaves?.forEach(first: count) { rows.bits.append($0) }
        rows.indices = (0..<UInt32(rows.bits.count)).map { $0 }
        return rows
    }

    /// All pairs of rows that agree in their first bits, or at the last round in all, and have no index in common.
    private func paired(_ rows: Rows, isLast: Bool) -> Rows {
        let width = self.parameters.collisionBitCount
        var pairs = Rows(indicesPerRow: 2 * rows.indicesPerRow)
        pairs.bits.reserveCapacity(rows.bits.count)
        pairs.indices.reserveCapacity(2 * rows.indices.count)
        let (order, starts) = self.sorted(rows)
        for bucket in 0..<(starts.count - 1) {
            let end = starts[bucket + 1]
            for first in starts[bucket]..<end {
                for second in (first + 1)..<max(end, first + 1) {
                    let (left, right) = (order[first], order[second])
                    let bits = (rows.bits[left] ^ rows.bits[right]).dropping(width)
                    if !isLast || bits.isZero, Self.areDisjoint(left, right, in: rows) {
                        pairs.bits.append(bits)
                        Self.join(left, right, of: rows, into: &pairs.indices)
                    }
                }
            }
        }
        return pairs
    }

    /// The rows by their first bits: those of bucket b are `order[starts[b]..<starts[b + 1]]`.
    private func sorted(_ rows: Rows) -> (order: [Int], starts: [Int]) {
        let width = self.parameters.collisionBitCount
        let keys = rows.bits.map { $0.first(width) }
        var starts = [Int](repeating: 0, count: 1 << width + 1)
        for key in keys {
            starts[key + 1] += 1
        }
        for bucket in 1..<starts.count {
            starts[bucket] += starts[bucket - 1]
        }
        var next = starts
        var order = [Int](repeating: 0, count: keys.count)
        for (row, key) in keys.enumerated() {
            order[next[key]] = row
            next[key] += 1
        }
        return (order, starts)
    }

    private static func areDisjoint(_ left: Int, _ right: Int, in rows: Rows) -> Bool {
        let count = rows.indicesPerRow
        for index in rows.indices[left * count..<(left + 1) * count] {
            for other in rows.indices[right * count..<(right + 1) * count] where index == other {
                return false
            }
        }
        return true
    }

    /// Appends the indices of both rows, first those that begin with the smaller one.
    private static func join(_ left: Int, _ right: Int, of rows: Rows, into indices: inout [UInt32]) {
        let count = rows.indicesPerRow
        let isOrdered = rows.indices[left * count] < rows.indices[right * count]
        for row in isOrdered ? [left, right] : [right, left] {
            indices.append(contentsOf: rows.indices[row * count..<(row + 1) * count])
        }
    }
}

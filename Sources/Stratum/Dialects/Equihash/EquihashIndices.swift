/// The indices of a solution: a big-endian bit string in which each takes `indexBitCount` bits.
package enum EquihashIndices {
    /// The indices that are packed in `solution`; nil if that has not the length which `parameters` ask for.
    package static func unpack(_ solution: [UInt8], parameters: EquihashParameters) -> [UInt32]? {
        guard solution.count == parameters.solutionByteCount else {
            return nil
        }
        var indices: [UInt32] = []
        indices.reserveCapacity(parameters.indexCount)
        let width = parameters.indexBitCount
        var pending: UInt64 = 0
        var pendingCount = 0
        for byte in solution {
            // At most 25 bits wait before the byte is added.
            pending = pending << 8 | UInt64(byte)
            pendingCount += 8
            if pendingCount >= width {
                pendingCount -= width
                indices.append(UInt32(truncatingIfNeeded: pending >> UInt64(pendingCount)))
                pending &= 1 << UInt64(pendingCount) - 1
            }
        }
        return indices
    }

    /// The bytes of a solution of these indices, each below 2^`indexBitCount`.
    package static func pack(_ indices: [UInt32], parameters: EquihashParameters) -> [UInt8] {
        var solution: [UInt8] = []
        solution.reserveCapacity(parameters.solutionByteCount)
        var pending: UInt64 = 0
        var pendingCount = 0
        for index in indices {
            pending = pending << UInt64(parameters.indexBitCount) | UInt64(index)
            pendingCount += parameters.indexBitCount
            while pendingCount >= 8 {
                pendingCount -= 8
                solution.append(UInt8(truncatingIfNeeded: pending >> UInt64(pendingCount)))
            }
            pending &= 1 << UInt64(pendingCount) - 1
        }
        return solution
    }
}

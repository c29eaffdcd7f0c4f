import Foundation
import PoolPool

func logarithm(_ x: Double) -> Double { log(x) }
func exponential(_ x: Double) -> Double { exp(x) }

extension RandomSource {
    /// 0..<1.
    mutating func unit() -> Double { Double(self.next() >> 11) * 0x1p-53 }

    /// The time to the next event of a Poisson process.
    mutating func wait(mean: Double) -> Double { -log(1 - self.unit()) * mean }
}

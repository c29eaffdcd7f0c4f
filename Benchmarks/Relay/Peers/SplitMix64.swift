/// The generator of Steele, Lea and Flood (2014): every run draws the same miners at the same times.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    /// In (0, 1].
    mutating func nextUnit() -> Double { (Double(self.next() >> 11) + 1) / 9007199254740992 }
}

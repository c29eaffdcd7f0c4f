extension Job {
    /// Height of the block that is being mined, from the first part of its coinbase transaction (BIP 34); nil if it does
    /// not say so, or names a height of 100,000,000 or more, which is something else in the same place.
    static func height(coinbase1: [UInt8]) -> Int? {
        // Version 4, count of inputs 1, outpoint 36: 32 zeros and four times 0xff.
        guard coinbase1.count > 42, coinbase1.dropFirst(4).first == 1 else { return nil }
        let outpoint = coinbase1.dropFirst(5).prefix(36)
        guard outpoint.prefix(32).allSatisfy({ $0 == 0 }), outpoint.dropFirst(32).allSatisfy({ $0 == 0xff }) else {
            return nil
        }
        // The script has 2 to 100 bytes by consensus, so that its length is one byte; all but the first may be cut off here.
        let rest = coinbase1.dropFirst(41)
        guard let length = rest.first, 2...100 ~= length else { return nil }
        let script = rest.dropFirst().prefix(Int(length))
        guard let operation = script.first else { return nil }
        // OP_1 to OP_16.
        if 0x51...0x60 ~= operation { return Int(operation) - 0x50 }
        let push = script.dropFirst().prefix(Int(operation))
        guard 1...4 ~= operation, push.count == Int(operation), let last = push.last, last < 0x80 else { return nil }
        let height = push.reversed().reduce(0) { $0 << 8 | Int($1) }
        return height < 100_000_000 ? height : nil
    }
}

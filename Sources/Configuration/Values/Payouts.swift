import Stratum

extension ValueType where Value == [UInt8] {
    /// Whom an output of a coinbase pays: its script.
    static let payout = ValueType(name: "address or script:HEX") { text throws(ValueProblem) in
        do throws(PayoutAddressError) {
            return try PayoutAddress(parsing: text).script
        } catch {
            // A private key must not be shown, not even one with a slip in it: those are longer than any base58 address.
            let mayBeKey =
                switch error {
                case .privateKey: true
                case .notBase58, .base58Checksum, .base58Length: text.utf8.count > 40
                default: false
                }
            throw mayBeKey ? ValueProblem(complete: "the value \(error)") : ValueProblem("\(error)")
        }
    } format: {
        "script:\(hexDigits($0))"
    }
}

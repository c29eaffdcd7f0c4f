import Stratum
import Testing

@Suite struct EquihashSolutionTests {
    private static let body = String(repeating: "0a", count: 36)

    @Test(arguments: ["24" + body, "0x24" + body, "24" + body.uppercased()])
    func lengthAndBytesAreTakenApart(text: String) throws {
        let solution = try EquihashSolution(submitted: text, parameters: .regtest)
        #expect(solution.prefix == [0x24])
        #expect(solution.bytes == [UInt8](repeating: 0x0A, count: 36))
        #expect(solution == EquihashSolution(bytes: solution.bytes, parameters: .regtest))
    }

    @Test func otherTextIsRefused() {
        let cases: [(String, EquihashSolutionError)] = [
            ("", .wrongLength(digits: 0, expected: 74)),
            (Self.body, .wrongLength(digits: 72, expected: 74)),
            ("24" + Self.body + "0", .wrongLength(digits: 75, expected: 74)),
            ("24" + Self.body + "00", .wrongLength(digits: 76, expected: 74)),
            ("25" + Self.body, .wrongPrefix),
            ("2g" + Self.body, .notHex),
            ("24" + Self.body.dropLast() + " ", .notHex),
            ("24" + Self.body.dropLast(2) + "é", .notHex),
        ]
        for (text, error) in cases {
            #expect(throws: error) { try EquihashSolution(submitted: text, parameters: .regtest) }
        }
        // The length of another solution.
        #expect(throws: EquihashSolutionError.wrongPrefix) {
            try EquihashSolution(submitted: "fd4004" + String(repeating: "00", count: 1344), parameters: .zcash)
        }
        #expect(EquihashSolution(bytes: [1, 2, 3], parameters: .regtest) == nil)
    }
}
